interface Cell<A> {
  readonly value: A
  readonly next: Cell<A> | undefined
}

/** An immutable first-in-first-out queue; adding and removing are O(1), amortised. */
export interface Fifo<A> {
  readonly size: number
  readonly front: Cell<A> | undefined
  readonly back: Cell<A> | undefined
}

export const empty: Fifo<never> = { size: 0, front: undefined, back: undefined }

export const add = <A>(queue: Fifo<A>, value: A): Fifo<A> =>
  queue.front === undefined
    ? { size: 1, front: { value, next: undefined }, back: undefined }
    : { size: queue.size + 1, front: queue.front, back: { value, next: queue.back } }

/** The oldest value, or undefined. */
export const peek = <A>(queue: Fifo<A>): A | undefined => queue.front?.value

/** The queue without its oldest value. */
export const rest = <A>(queue: Fifo<A>): Fifo<A> => {
  if (queue.front?.next !== undefined) return { size: queue.size - 1, front: queue.front.next, back: queue.back }
  let front: Cell<A> | undefined
  for (let cell = queue.back; cell !== undefined; cell = cell.next) front = { value: cell.value, next: front }
  return { size: Math.max(0, queue.size - 1), front, back: undefined }
}
