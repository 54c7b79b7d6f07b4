import { createHash } from "node:crypto"
import type { AuditHead } from "../../domain/AuditHead.ts"

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

export const emptyChain: AuditHead = { count: 0, digest: "" }

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

/** How far a chain holds. */
export interface Followed {
  readonly head: AuditHead
  /** The id of the last event that holds; empty before the first. */
  readonly lastId: string
  /** What is wrong with the event after it. */
  readonly problem: string | null
}

/** Before the first event. */
export const chainStart: Followed = { head: emptyChain, lastId: "", problem: null }

const problemWith = (event: ChainedEvent, digest: string, { head, lastId }: Followed): string | null => {
  const place = head.count + 1
  const name = `event ${event.seq} (${event.id})`
  if (event.seq > place) {
    const missing = event.seq === place + 1 ? `event ${place} is` : `events ${place} to ${event.seq - 1} are`
    return `${missing} missing: ${name} comes next`
  }
  if (digest === digestOf(event, head.digest)) return null
  const before = lastId === "" ? "begin the log" : `follow from event ${head.count} (${lastId})`
  return `${name} does not ${before}: one of them was changed, moved or put in`
}

/** How far the chain holds after a batch of events, in their order, that come after where it held before. */
export const follow = (
  before: Followed,
  batch: ReadonlyArray<{ readonly event: ChainedEvent; readonly digest: string }>,
): Followed => {
  let so = before
  for (const { event, digest } of batch) {
    const problem = problemWith(event, digest, so)
    if (problem !== null) return { ...so, problem }
    so = { head: { count: event.seq, digest }, lastId: event.id, problem: null }
  }
  return so
}
