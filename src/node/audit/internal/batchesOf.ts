import { maxReportedEvents } from "../../../api/NodeRpcs.ts"

/** An RPC message may have 1 MiB, and one event's detail 16 KiB. */
const maxChars = 512 * 1024

/** Divides what waits into what can be told at once, in order. */
export const batchesOf = <A>(
  waiting: ReadonlyArray<A>,
  charsOf: (one: A) => number,
): ReadonlyArray<ReadonlyArray<A>> => {
  const batches: Array<Array<A>> = []
  let chars = 0
  for (const one of waiting) {
    const more = charsOf(one)
    const last = batches.at(-1)
    if (last === undefined || last.length >= maxReportedEvents || chars + more > maxChars) {
      batches.push([one])
      chars = more
    } else {
      last.push(one)
      chars += more
    }
  }
  return batches
}
