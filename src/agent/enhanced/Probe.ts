import { type Duration, Effect, type Scope } from "effect"
import { ProbeProcess } from "./internal/ProbeProcess.ts"
import { type ProbeAnswer, type ProbeListener, ProbeRouter } from "./internal/ProbeRouter.ts"
import { ProbeLost } from "./ProbeLost.ts"

/** How long it may take to load, and to answer; the second also where the machine has much else to do. */
const readyLimit = "5 seconds"
const answerLimit = "10 seconds"
/** How long it may take to tell all that has happened: tens of megabytes, at most. */
const syncLimit = "30 seconds"

/** wire.h, WIRE_VERSION. */
const wireVersion = 1
const anotherVersion = 'the probe was built for another version of Mezite: run "npm run build:probe"'

/** The probe, running: it follows the processes that it is told to, each for a session, which is a number of our choice. */
export class Probe {
  readonly #process: ProbeProcess
  readonly #router: ProbeRouter

  private constructor(process: ProbeProcess, router: ProbeRouter) {
    this.#process = process
    this.#router = router
  }

  /** Starts it; fails where this machine cannot have it, with the reason. */
  static readonly start = (program: string): Effect.Effect<Probe, ProbeLost, Scope.Scope> =>
    Effect.gen(function* () {
      const router = new ProbeRouter()
      const ready = router.answer("Ready")
      const process = yield* ProbeProcess.open(program, (record) => router.hear(record))
      const probe = new Probe(process, router)
      const version = yield* probe.#await(ready, readyLimit)
      return version === wireVersion ? probe : yield* new ProbeLost({ message: anotherVersion })
    })

  /** Never succeeds; fails once nothing is seen any more. */
  get lost(): Effect.Effect<never, ProbeLost> {
    return this.#process.lost
  }

  /**
   * Follows a process and all that descends from it from now on. What is seen goes to `listener`, until the session's
   * `Ended`.
   */
  track(pid: number, session: number, listener: ProbeListener): Effect.Effect<void, ProbeLost> {
    return Effect.suspend(() => {
      this.#router.listen(session, listener)
      return this.#ask(`track ${pid} ${session}`, `Tracked ${session}`, answerLimit)
    }).pipe(
      Effect.filterOrFail(
        (error) => error === 0,
        (error) => new ProbeLost({ message: `the probe cannot follow process ${pid}: error ${error}` }),
      ),
      Effect.onError(() => Effect.sync(() => this.#router.forget(session))),
      Effect.asVoid,
    )
  }

  /** Completes once all was told that this session had done before. */
  sync(session: number): Effect.Effect<void, ProbeLost> {
    return Effect.asVoid(this.#ask(`sync ${session}`, `Synced ${session}`, syncLimit))
  }

  #ask(line: string, answer: ProbeAnswer, limit: Duration.DurationInput): Effect.Effect<number, ProbeLost> {
    return Effect.suspend(() => {
      const answered = this.#router.answer(answer)
      this.#process.tell(line)
      return this.#await(answered, limit)
    })
  }

  #await(answered: Effect.Effect<number>, duration: Duration.DurationInput): Effect.Effect<number, ProbeLost> {
    return answered.pipe(
      Effect.raceFirst(this.lost),
      Effect.timeoutFail({
        duration,
        onTimeout: () => new ProbeLost({ message: "the probe does not answer" }),
      }),
      Effect.interruptible,
    )
  }
}
