import { Clock, Context, Effect, Layer, Option, type Scope } from "effect"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import { AuditReports } from "../../node/audit/AuditReports.ts"
import { SessionReport } from "./audit/SessionReport.ts"
import type { ProbeKeeper } from "./ProbeKeeper.ts"
import { ProbeLost } from "./ProbeLost.ts"
import { WatchedSession } from "./WatchedSession.ts"

/** Watches what the processes of sessions do, where this agent is told to. */
export class EnhancedRecording extends Context.Tag("mezite/agent/EnhancedRecording")<
  EnhancedRecording,
  {
    /** Whether a session that begins now is to be watched. */
    readonly isOn: Effect.Effect<boolean>
    /** Watches a session for as long as the scope, and those of its processes that outlive it for the audit log. */
    readonly watch: (info: SessionInfo) => Effect.Effect<WatchedSession, ProbeLost, Scope.Scope>
  }
>() {
  /** `keeper`: none where enhanced recording is off. */
  static readonly layer = (keeper: Option.Option<ProbeKeeper>): Layer.Layer<EnhancedRecording, never, AuditReports> =>
    Layer.scoped(
      EnhancedRecording,
      Option.match(keeper, { onNone: () => Effect.succeed(off), onSome: (keeper) => make(keeper) }),
    )
}

const off = EnhancedRecording.of({
  isOn: Effect.succeed(false),
  watch: () => new ProbeLost({ message: "enhanced recording is off" }),
})

const make = (keeper: ProbeKeeper) =>
  Effect.gen(function* () {
    const reports = yield* AuditReports
    const agent = yield* Effect.scope
    let count = 0

    const watch = Effect.fn("EnhancedRecording.watch")(function* (info: SessionInfo) {
      const probe = yield* Effect.mapError(
        keeper.current,
        () => new ProbeLost({ message: "enhanced recording has stopped on this node, and is being started again" }),
      )
      count += 1
      const report = new SessionReport(info, reports, yield* Clock.currentTimeMillis)
      // Begun where a process is, which nothing may interrupt; itself it may be.
      const telling = Effect.interruptible(Effect.raceFirst(report.run, Effect.ignore(probe.lost)))
      const watched = new WatchedSession(probe, count, info.mode, {
        begin: Effect.asVoid(Effect.forkIn(telling, agent)),
        hear: (record, afterEnd) => report.hear(record, afterEnd),
        lost: (reason) => report.lost(reason),
        flush: report.flush,
      })
      yield* Effect.forkScoped(Effect.catchAll(probe.lost, (lost) => watched.end(lost)))
      yield* Effect.addFinalizer(() => watched.close)
      return watched
    })

    return EnhancedRecording.of({
      isOn: Effect.sync(() => keeper.required || Option.isSome(keeper.current)),
      watch,
    })
  })
