import { Deferred, Effect, Option, type Scope } from "effect"
import { canary } from "./canary.ts"
import { Probe } from "./Probe.ts"
import { ProbeLost } from "./ProbeLost.ts"

export interface ProbeKeeperOptions {
  /** The probe's path. */
  readonly program: string
  /** Whether no session may begin without it. */
  readonly required: boolean
}

/** Seconds before a probe that has ended is replaced: twice as many after each that could not be proven to see. */
const shortestPause = 1
const longestPause = 32

/** Keeps a probe running that was proven to see; one that ends is replaced, for sessions that begin later. */
export class ProbeKeeper {
  readonly required: boolean
  readonly #program: string
  #current: Option.Option<Probe> = Option.none()

  private constructor({ program, required }: ProbeKeeperOptions) {
    this.#program = program
    this.required = required
  }

  /**
   * Starts the first one. Where this machine cannot have it this fails with the reason; or, where it is not required, logs
   * the reason and keeps none.
   */
  static readonly start = (options: ProbeKeeperOptions): Effect.Effect<ProbeKeeper, ProbeLost, Scope.Scope> =>
    Effect.gen(function* () {
      const keeper = new ProbeKeeper(options)
      const proven = yield* Deferred.make<void, ProbeLost>()
      yield* Effect.forkScoped(keeper.#keep(proven))
      yield* Effect.catchAll(Deferred.await(proven), ({ message }) =>
        options.required
          ? new ProbeLost({ message: `no enhanced recording: ${message} (or set MEZITE_BPF_REQUIRED=false)` })
          : Effect.logWarning(`no enhanced recording, sessions are marked so: ${message}`),
      )
      return keeper
    })

  /** The probe that runs; none while there is none. */
  get current(): Option.Option<Probe> {
    return this.#current
  }

  /** Ends where the first one could not be proven to see. */
  #keep(proven: Deferred.Deferred<void, ProbeLost>): Effect.Effect<void> {
    return Effect.catchAll(this.#run(Deferred.succeed(proven, undefined)), (lost) =>
      Effect.flatMap(Deferred.fail(proven, lost), (neverRan) =>
        neverRan ? Effect.void : Effect.zipRight(this.#logLost(lost), this.#keepAgain),
      ),
    )
  }

  get #keepAgain(): Effect.Effect<never> {
    return Effect.gen(this, function* () {
      let pause = shortestPause
      while (true) {
        yield* Effect.logError(`the probe of enhanced recording is started again in ${pause} s`)
        yield* Effect.sleep(`${pause} seconds`)
        pause = Math.min(2 * pause, longestPause)
        const back = Effect.sync(() => {
          pause = shortestPause
        })
        yield* Effect.catchAll(
          this.#run(Effect.zipRight(back, Effect.logInfo("enhanced recording is back"))),
          this.#logLost,
        )
      }
    })
  }

  readonly #logLost = ({ message }: ProbeLost) => Effect.logError(`no enhanced recording: ${message}`)

  /** Runs one, until it is lost. */
  #run(onProven: Effect.Effect<unknown>): Effect.Effect<never, ProbeLost> {
    return Effect.gen(this, function* () {
      const probe = yield* Probe.start(this.#program)
      yield* canary(probe, this.#program)
      this.#current = Option.some(probe)
      yield* onProven
      return yield* probe.lost
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          this.#current = Option.none()
        }),
      ),
      Effect.scoped,
    )
  }
}
