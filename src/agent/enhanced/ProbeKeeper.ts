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

/** Before a probe that has ended is replaced. */
const pause = "1 second"

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
    const again = Effect.logError("the probe of enhanced recording is started again").pipe(
      Effect.zipRight(Effect.sleep(pause)),
      Effect.zipRight(this.#run(Effect.logInfo("enhanced recording is back"))),
      Effect.catchAll(this.#logLost),
      Effect.forever,
    )
    return Effect.catchAll(this.#run(Deferred.succeed(proven, undefined)), (lost) =>
      Effect.flatMap(Deferred.fail(proven, lost), (neverRan) =>
        neverRan ? Effect.void : Effect.zipRight(this.#logLost(lost), again),
      ),
    )
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
