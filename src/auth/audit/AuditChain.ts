import { createHash } from "node:crypto"

/** An event as the chain sees it: every column but its digest. `detail` is the JSON text that is stored. */
export interface ChainedEvent {
  /** From 1, without holes. */
  readonly seq: number
  readonly id: string
  readonly timeMs: number
  readonly type: string
  readonly user: string | null
  readonly sessionId: string | null
  readonly node: string | null
  readonly login: string | null
  readonly remoteAddress: string | null
  readonly detail: string
}

/** What a chain ends with: how many events, and the last one's digest (empty before the first). */
export interface ChainHead {
  readonly count: number
  readonly digest: string
}

export const emptyChain: ChainHead = { count: 0, digest: "" }

/**
 * SHA-256, in hex, over the predecessor's digest and the event as a JSON array of its columns in this order: nothing can be
 * moved from one column to the next without changing it.
 */
export const digestOf = (event: ChainedEvent, predecessor: string): string =>
  createHash("sha256")
    .update(
      JSON.stringify([
        "mezite-audit-1",
        predecessor,
        event.seq,
        event.id,
        event.timeMs,
        event.type,
        event.user,
        event.sessionId,
        event.node,
        event.login,
        event.remoteAddress,
        event.detail,
      ]),
    )
    .digest("hex")

/** The head after a batch of events in their order, or the first event that doesn't follow from what is before it. */
export const follow = (
  head: ChainHead,
  batch: ReadonlyArray<{ readonly event: ChainedEvent; readonly digest: string }>,
): { readonly head: ChainHead; readonly brokenAt: string | null } => {
  let { count, digest } = head
  for (const next of batch) {
    const holds = next.event.seq === count + 1 && next.digest === digestOf(next.event, digest)
    if (!holds) return { head: { count, digest }, brokenAt: next.event.id }
    count += 1
    digest = next.digest
  }
  return { head: { count, digest }, brokenAt: null }
}
