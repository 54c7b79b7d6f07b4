import { Cause, Effect, Exit, Option, type Scope, Stream } from "effect"
import type { SessionEnd, Exit as TerminalExit } from "../domain/SessionEnd.ts"
import type { SessionInfo } from "../domain/SessionInfo.ts"
import type { LocalSink, RecordingLost, RemoteSink } from "./RecordingSink.ts"
import type { ClientGone, SessionClient } from "./SessionClient.ts"
import * as Policy from "./SessionPolicy.ts"
import { type RecordedFrame, SessionRecorder } from "./SessionRecorder.ts"
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
}

/**
 * Runs a program in a terminal for a client, recorded. Succeeds with how it ended, once everything it showed is stored
 * as its mode promises.
 *
 * The sinks are part of the session's scope: where one fails, the scope closes, and the program with it, before this
 * fails with `RecordingLost`. The local sink is finished in any case.
 */
export const run = Effect.fn("Session.run")(function* <R>(options: SessionOptions<R>) {
  const clock = yield* Effect.clock
  const startedAt = clock.unsafeCurrentTimeNanos()
  const elapsedMs = () => Number((clock.unsafeCurrentTimeNanos() - startedAt) / 1_000_000n)

  const recorder = new SessionRecorder(elapsedMs)
  const program = Effect.scoped(
    Effect.flatMap(options.terminal, (terminal) => new Conversation(options, terminal, recorder).run),
  )
  return yield* Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(restore(program))
      const end = recorder.end(endOf(exit, elapsedMs()))
      yield* options.local.finish(end)
      yield* exit
      if (Option.isSome(options.remote)) yield* restore(options.remote.value.finish(end))
      return end
    }),
  )
})

const endOf = (exit: Exit.Exit<Ending, RecordingLost | TerminalError>, durationMs: number): SessionEnd =>
  Exit.match(exit, {
    onSuccess: (ending) => ({ durationMs, status: "completed", ...ending }),
    onFailure: (cause) => ({ durationMs, status: "interrupted", reason: reasonOf(cause) }),
  })

const reasonOf = (cause: Cause.Cause<RecordingLost | TerminalError>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => (Cause.isInterrupted(cause) ? "the agent stopped" : "the agent failed"),
    onSome: (error) => error.message,
  })

type Ending = { readonly exit?: TerminalExit; readonly reason: string }

/** The exchange between a client and a terminal: the fibers that obey the policy. */
class Conversation<R> {
  #state: Policy.PolicyState
  readonly #recorder: SessionRecorder
  readonly #shown: Array<Policy.Shown> = []
  readonly #actions: Array<Policy.Action> = []
  readonly #outputWanted = Effect.unsafeMakeLatch(true)
  readonly #actionsWanted = Effect.unsafeMakeLatch(true)
  readonly #options: SessionOptions<R>
  readonly #terminal: Terminal

  constructor(options: SessionOptions<R>, terminal: Terminal, recorder: SessionRecorder) {
    this.#options = options
    this.#terminal = terminal
    this.#recorder = recorder
    this.#state = Policy.initial({
      mode: options.info.mode,
      window: options.windowBytes,
      recordSecrets: options.recordSecrets,
    })
  }

  /** Ends with the program, or with the client; fails with the first sink. */
  get run(): Effect.Effect<Ending, RecordingLost | TerminalError> {
    const { client, local, remote } = this.#options
    const program = Effect.zipRight(this.#output, this.#terminal.exit).pipe(
      Effect.map((exit): Ending => ({ exit, reason: "" })),
      Effect.catchTag("ClientGone", () => Effect.succeed(clientGone)),
    )
    return Effect.raceFirst(
      Effect.raceFirst(program, Effect.as(client.closed, clientGone)),
      Effect.all(
        [
          this.#input,
          this.#does(Stream.map(client.resizes, (size) => ({ _tag: "Resize", size }))),
          this.#does(Stream.map(client.signals, (name) => ({ _tag: "Signal", name }))),
          Option.match(remote, { onNone: () => Effect.void, onSome: (sink) => this.#durable(sink) }),
          local.failure,
        ],
        { concurrency: "unbounded", discard: true },
      ).pipe(Effect.zipRight(Effect.never)),
    )
  }

  get #output() {
    return Stream.runForEach(this.#terminal.output, (shown) => {
      this.#dispatch({ _tag: "Output", shown })
      return this.#show
    })
  }

  /** Shows what may be seen; returns when more output is wanted. */
  readonly #show: Effect.Effect<void, ClientGone> = Effect.suspend(() => {
    const next = this.#shown.shift()
    if (next !== undefined) {
      const { client } = this.#options
      const write = next.stream === "stderr" ? client.writeStderr(next.bytes) : client.write(next.bytes)
      return Effect.zipRight(write, this.#show)
    }
    if (!Policy.wants(this.#state).output) return Effect.zipRight(this.#outputWanted.await, this.#show)
    return this.#options.local.ready
  })

  get #input() {
    const typed = Stream.mapEffect(this.#options.client.input, (bytes) =>
      Effect.map(this.#terminal.echoes, (echoed): Policy.Action => ({ _tag: "Type", bytes, echoed })),
    )
    return Effect.zipRight(this.#does(typed), this.#terminal.endInput)
  }

  #does(actions: Stream.Stream<Policy.Action>) {
    return Stream.runForEach(actions, (action) => {
      this.#dispatch({ _tag: "User", action })
      return this.#act
    })
  }

  /** Does what may be done; returns when more actions are wanted. */
  readonly #act: Effect.Effect<void, TerminalError> = Effect.suspend(() => {
    const next = this.#actions.shift()
    if (next !== undefined) return Effect.zipRight(this.#do(next), this.#act)
    if (!Policy.wants(this.#state).actions) return Effect.zipRight(this.#actionsWanted.await, this.#act)
    return Effect.void
  })

  #do(action: Policy.Action): Effect.Effect<void, TerminalError> {
    switch (action._tag) {
      case "Type":
        return this.#terminal.write(action.bytes)
      case "Resize":
        return this.#terminal.resize(action.size)
      case "Signal":
        return this.#terminal.signal(action.name)
    }
  }

  #durable(remote: RemoteSink) {
    return Stream.runForEach(remote.durable, (seq) => Effect.sync(() => this.#dispatch({ _tag: "Durable", seq })))
  }

  #dispatch(event: Policy.SessionEvent): void {
    const [state, decisions] = Policy.step(this.#state, event)
    this.#state = state
    for (const decision of decisions) this.#obey(decision)
    const wants = Policy.wants(state)
    wants.output ? this.#outputWanted.unsafeOpen() : this.#outputWanted.unsafeClose()
    wants.actions ? this.#actionsWanted.unsafeOpen() : this.#actionsWanted.unsafeClose()
  }

  #obey(decision: Policy.Decision): void {
    switch (decision._tag) {
      case "RecordShown":
        this.#record(this.#recorder.shown(decision.shown))
        break
      case "RecordAction":
        this.#record(this.#recorder.action(decision.action, decision.masked))
        break
      case "Show":
        this.#shown.push(decision.shown)
        break
      case "Do":
        this.#actions.push(decision.action)
        break
    }
  }

  #record(recorded: RecordedFrame): void {
    this.#options.local.offer(recorded)
    if (Option.isSome(this.#options.remote)) this.#options.remote.value.offer(recorded)
  }
}

const clientGone: Ending = { reason: "the client disconnected" }
