import type { Lock } from "../../domain/Lock.ts"

interface Said {
  readonly locks: ReadonlyArray<Lock>
  readonly isGone: boolean
}

/**
 * The locks that hold on a node by the word of its hubs, each of which says all that it knows of: a lock holds as long as one hub
 * that is there says so. What the last one said holds on when that is gone, until another says something.
 */
export class LocksByWay {
  readonly #said = new Map<string, Said>()

  get holding(): ReadonlyArray<Lock> {
    return [...this.#said.values()].flatMap(({ locks }) => locks)
  }

  says(way: string, locks: ReadonlyArray<Lock>): void {
    for (const [other, { isGone }] of this.#said) if (isGone) this.#said.delete(other)
    this.#said.set(way, { locks, isGone: false })
  }

  isGone(way: string): void {
    const said = this.#said.get(way)
    if (said === undefined) return
    const isLast = [...this.#said].every(([other, { isGone }]) => other === way || isGone)
    if (isLast) this.#said.set(way, { ...said, isGone: true })
    else this.#said.delete(way)
  }
}
