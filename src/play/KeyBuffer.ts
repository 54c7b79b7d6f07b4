import { Effect } from "effect"
import type { PlayerKey } from "./PlayerKeys.ts"

/** Keys that were pressed and not yet obeyed. No key is lost to a wait that ends at the same moment. */
export class KeyBuffer {
  private keys: Array<PlayerKey> = []
  private readonly latch = Effect.unsafeMakeLatch(false)

  /** Completes as soon as there are keys. */
  readonly arrived: Effect.Effect<void> = this.latch.await

  press(keys: ReadonlyArray<PlayerKey>): void {
    if (keys.length === 0) return
    this.keys.push(...keys)
    this.latch.unsafeOpen()
  }

  /** The next key, which is then obeyed. */
  take(): PlayerKey | undefined {
    const key = this.keys.shift()
    if (this.keys.length === 0) this.latch.unsafeClose()
    return key
  }
}
