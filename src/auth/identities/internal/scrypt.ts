import { type ScryptOptions, scrypt } from "node:crypto"
import { Effect } from "effect"

/** Derives `length` bytes; on a thread of libuv's pool, not on the event loop. Impossible parameters are a defect. */
export const deriveKey = (
  password: string,
  salt: Uint8Array,
  length: number,
  options: ScryptOptions,
): Effect.Effect<Buffer> =>
  Effect.async((resume) => {
    scrypt(password, salt, length, options, (error, key) =>
      resume(error === null ? Effect.succeed(key) : Effect.die(error)),
    )
  })
