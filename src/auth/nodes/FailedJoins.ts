import { Clock, Effect } from "effect"
import { Unauthenticated } from "../../api/ApiError.ts"
import { type MinuteCount, noneInMinute, oneMore, untilNextMinute } from "../../domain/MinuteCount.ts"
import { networkOf } from "../../domain/networkOf.ts"
import { LeastRecent } from "../identities/LeastRecent.ts"

/** Tokens that are none, from one address. */
const perMinute = 60

/** As many addresses are counted at once. */
const remembered = 10_000

/**
 * Counts, at this hub, the joins with tokens that are none, by the address that they come from: nobody guesses a token, but whoever tries costs
 * the database something. Joins with good ones are not counted: many machines may have one address.
 */
export class FailedJoins {
  readonly #failed = new LeastRecent<MinuteCount>(remembered)

  /** Fails where that address has to wait. */
  check(remoteAddress: string | null): Effect.Effect<void, Unauthenticated> {
    return Effect.flatMap(Clock.currentTimeMillis, (nowMs) => {
      const failed = this.#failed.get(networkOf(remoteAddress)) ?? noneInMinute
      if (oneMore(failed, nowMs).count <= perMinute) return Effect.void
      const seconds = Math.ceil(untilNextMinute(nowMs) / 1000)
      return new Unauthenticated({
        message: `too many joins with wrong tokens from your address: try again in ${seconds} s`,
      })
    })
  }

  /** Counts one. */
  note(remoteAddress: string | null): Effect.Effect<void> {
    return Effect.map(Clock.currentTimeMillis, (nowMs) => {
      const network = networkOf(remoteAddress)
      this.#failed.remember(network, oneMore(this.#failed.get(network) ?? noneInMinute, nowMs))
    })
  }
}
