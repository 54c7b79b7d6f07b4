/** A bounded memory: over its limit it forgets what was longest not remembered anew. */
export class LeastRecent<A> {
  readonly #values = new Map<string, A>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: string): A | undefined {
    return this.#values.get(key)
  }

  remember(key: string, value: A): void {
    this.#values.delete(key)
    this.#values.set(key, value)
    const oldest = this.#values.keys().next()
    if (this.#values.size > this.#limit && oldest.done !== true) this.#values.delete(oldest.value)
  }

  forget(key: string): void {
    this.#values.delete(key)
  }
}
