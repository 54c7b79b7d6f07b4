import { Cause, Effect, Exit, Fiber, Option, Ref, type Scope } from "effect"
import type { SessionEnd } from "../domain/SessionEnd.ts"
import type { SessionInfo } from "../domain/SessionInfo.ts"
import { EndReason } from "./EndReason.ts"
import { Conversation, type Ending } from "./internal/Conversation.ts"
import type { Observation } from "./Observation.ts"
import type { LocalSink, RecordingLost, RemoteSink } from "./RecordingSink.ts"
import type { SessionClient } from "./SessionClient.ts"
import { SessionRecorder } from "./SessionRecorder.ts"
import type { Terminal } from "./Terminal.ts"
import type { TerminalError } from "./TerminalError.ts"

export interface SessionOptions<R> {
  readonly info: SessionInfo
  /** Starts the program; it ends with the session. */
  readonly terminal: Effect.Effect<Terminal, TerminalError, R | Scope.Scope>
  readonly client: SessionClient
  /** Where frames go on this machine; in mode `off` there are none, and it only learns of the end. */
  readonly local: LocalSink
  /** Where they go at once, in mode `node-sync` alone. */
  readonly remote: Option.Option<RemoteSink>
  /** Bytes that may be shown or typed before they are durable at the hub; at least 64 KiB. */
  readonly windowBytes: number
  /** Records what is typed while the terminal does not echo. */
  readonly recordSecrets: boolean
  /** What else is recorded than the terminal. */
  readonly observation: Option.Option<Observation>
}

/**
 * Runs a program in a terminal for a client, recorded. Succeeds with how it ended, once everything it showed is stored
 * as its mode promises.
 *
 * The sinks are part of the session's scope: where one fails, the scope closes, and the program with it, before this
 * fails with `RecordingLost`; likewise where it must not go on unobserved. Interrupted, it ends for the `EndReason` that whoever
 * did so told. However it ends, both sinks are told the end, so that no recording lacks it that could have it; a sink that was
 * lost can't be, and its loss is what this fails with.
 */
export const run = Effect.fn("Session.run")(function* <R>(options: SessionOptions<R>) {
  const clock = yield* Effect.clock
  const startedAt = clock.unsafeCurrentTimeNanos()
  const elapsedMs = () => Number((clock.unsafeCurrentTimeNanos() - startedAt) / 1_000_000n)

  const recorder = new SessionRecorder(elapsedMs)
  const conversation = new Conversation(options, recorder)
  const program = Effect.scoped(Effect.flatMap(options.terminal, (terminal) => conversation.run(terminal)))
  return yield* Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const recording = yield* Effect.fork(Effect.interruptible(conversation.recording(elapsedMs)))
      const ended = yield* Effect.exit(restore(Effect.raceFirst(program, Fiber.join(recording))))
      yield* conversation.rest
      const lost = yield* Fiber.poll(recording)
      yield* Fiber.interrupt(recording)
      const exit = Exit.isSuccess(ended) ? Option.getOrElse(lost, () => ended) : ended
      const endReason = yield* Effect.flatMap(EndReason, Ref.get)
      const end = recorder.end(endOf(exit, elapsedMs(), endReason))
      const finishing = yield* Effect.forEach([options.local, ...Option.toArray(options.remote)], (sink) =>
        // A fiber of its own, which an interruption of the session does not reach: a sink has its own limit of time.
        Effect.fork(Effect.interruptible(sink.finish(end))),
      )
      const finished = yield* Effect.forEach(finishing, Fiber.await)
      yield* exit
      yield* Effect.all(finished, { discard: true })
      return end
    }),
  )
})

type Failure = RecordingLost | TerminalError

const endOf = (exit: Exit.Exit<Ending, Failure>, durationMs: number, endReason: Option.Option<string>): SessionEnd =>
  Exit.match(exit, {
    onSuccess: (ending) => ({ durationMs, ...ending }),
    onFailure: (cause) => ({ durationMs, status: "interrupted", reason: reasonOf(cause, endReason) }),
  })

const reasonOf = (cause: Cause.Cause<Failure>, endReason: Option.Option<string>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () =>
      Cause.isInterrupted(cause) ? Option.getOrElse(endReason, () => "its recorder stopped") : "its recorder failed",
    onSome: (error) => error.message,
  })
