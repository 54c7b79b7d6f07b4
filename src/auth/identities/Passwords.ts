import { randomBytes, timingSafeEqual } from "node:crypto"
import { Context, Effect, Layer, Option, Redacted } from "effect"
import { Unavailable } from "../../api/ApiError.ts"
import { NewestFirst } from "./internal/NewestFirst.ts"
import { deriveKey } from "./internal/scrypt.ts"
import { formatHash, type PasswordHash, parseHash, type ScryptCost } from "./PasswordHash.ts"

const defaultCost: ScryptCost = { N: 2 ** 17, r: 8, p: 1 }

/** Derivations at once (each takes 128 MiB), and how many may wait for their turn. */
const atOnce = 2
const waiting = 64

const derive = (password: Redacted.Redacted<string>, { cost, salt, key }: PasswordHash) =>
  deriveKey(Redacted.value(password).normalize("NFC"), salt, key.length, {
    ...cost,
    // Twice what scrypt needs (128·N·r bytes); node's own limit is lower than our cost.
    maxmem: 256 * cost.N * cost.r,
  })

const make = (cost: ScryptCost) =>
  Effect.gen(function* () {
    const turns = new NewestFirst({
      atOnce,
      waiting,
      overtaken: new Unavailable({ message: "too many logins at once: try again in some seconds" }),
    })

    const fresh = () => ({ cost, salt: randomBytes(16), key: new Uint8Array(32) })

    const hash = Effect.fn("Passwords.hash")(function* (password: Redacted.Redacted<string>) {
      const wanted = fresh()
      return formatHash({ ...wanted, key: yield* turns.run(derive(password, wanted)) })
    })

    const verify = Effect.fn("Passwords.verify")(function* (
      password: Redacted.Redacted<string>,
      stored: Option.Option<string>,
    ) {
      const known = Option.flatMap(stored, parseHash)
      const against = Option.getOrElse(known, fresh)
      const derived = yield* turns.run(derive(password, against))
      return timingSafeEqual(derived, against.key) && Option.isSome(known)
    })

    return { hash, verify }
  })

/**
 * Passwords, by scrypt (RFC 7914). At most two are derived at once, so that memory stays bounded. Of those that
 * wait the newest is next; where too many wait, the call of the oldest fails with `Unavailable`.
 */
export class Passwords extends Context.Tag("mezite/auth/Passwords")<
  Passwords,
  {
    /** A hash to store; it holds its salt and its cost. */
    readonly hash: (password: Redacted.Redacted<string>) => Effect.Effect<string, Unavailable>
    /** Whether it is that password; without a stored hash it is not, which takes as long to find out. */
    readonly verify: (
      password: Redacted.Redacted<string>,
      stored: Option.Option<string>,
    ) => Effect.Effect<boolean, Unavailable>
  }
>() {
  static readonly layerCost = (cost: ScryptCost): Layer.Layer<Passwords> => Layer.effect(Passwords, make(cost))
  static readonly layer: Layer.Layer<Passwords> = Passwords.layerCost(defaultCost)
}
