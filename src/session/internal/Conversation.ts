import { Deferred, Effect, FiberId, Option, Stream } from "effect"
import type { SessionEnd, Exit as TerminalExit } from "../../domain/SessionEnd.ts"
import type { Action } from "../Action.ts"
import type { RecordingLost, RemoteSink } from "../RecordingSink.ts"
import type { SessionOptions } from "../Session.ts"
import type { ClientGone } from "../SessionClient.ts"
import * as Policy from "../SessionPolicy.ts"
import type { RecordedFrame, SessionRecorder } from "../SessionRecorder.ts"
import type { Terminal } from "../Terminal.ts"
import type { TerminalError } from "../TerminalError.ts"
import { judgeTyping } from "./judgeTyping.ts"
import { pullEach } from "./pullEach.ts"
import { WorkQueue } from "./WorkQueue.ts"

/** How a session ended that no failure ended. */
export type Ending = Omit<SessionEnd, "durationMs">

const byItself = (exit: TerminalExit): Ending => ({ exit, status: "completed", reason: "" })

/** What was shown is whole; what the program still wanted to say, nobody will know. */
const clientGone: Ending = { status: "interrupted", reason: "the client disconnected" }

type Typing = Extract<Action, { _tag: "Type" | "EndInput" }>
type Control = Exclude<Action, Typing>

const isTyping = (action: Action): action is Typing => action._tag === "Type" || action._tag === "EndInput"

/** Bytes that wait for a program that does not read, before the client has to. */
const maxTyped = 64 * 1024

/** Resizes and signals that wait to be done, before the client has to. */
const maxControls = 64

/** The exchange between a client and a terminal, and its recording: the fibers that obey the policy. */
export class Conversation<R> {
  #state: Policy.PolicyState
  readonly #recorder: SessionRecorder
  readonly #shown: Array<Policy.Shown> = []
  /** Apart, so that a program that does not read can still be stopped, and learns of its terminal's size. */
  readonly #typing = new WorkQueue<Typing>(maxTyped, (action) => (action._tag === "Type" ? action.bytes.length : 0))
  readonly #controls = new WorkQueue<Control>(maxControls, () => 1)
  readonly #outputWanted = Effect.unsafeMakeLatch(true)
  readonly #actionsWanted = Effect.unsafeMakeLatch(true)
  /** Closed: something that the user did waits to be recorded, or to be durable. */
  readonly #actionsDone = Effect.unsafeMakeLatch(true)
  readonly #allObserved = Deferred.unsafeMake<void>(FiberId.none)
  readonly #options: SessionOptions<R>

  constructor(options: SessionOptions<R>, recorder: SessionRecorder) {
    this.#options = options
    this.#recorder = recorder
    this.#state = Policy.initial({
      mode: options.info.mode,
      window: options.windowBytes,
      recordSecrets: options.recordSecrets,
    })
  }

  /** Ends with the program, or with the client. */
  run(terminal: Terminal): Effect.Effect<Ending, TerminalError> {
    const { client } = this.#options
    const program = Effect.zipRight(this.#output(terminal), terminal.exit).pipe(
      Effect.map(byItself),
      Effect.catchTag("ClientGone", () => Effect.succeed(clientGone)),
    )
    return Effect.raceFirst(
      Effect.raceFirst(program, Effect.as(client.closed, clientGone)),
      Effect.all(
        [
          this.#input(terminal),
          this.#take(Stream.map(client.resizes, (size) => ({ _tag: "Resize", size }))),
          this.#take(Stream.map(client.signals, (name) => ({ _tag: "Signal", name }))),
          this.#typing.work((action) => this.#onceKept(this.#type(terminal, action))),
          this.#controls.work((action) => this.#onceKept(this.#control(terminal, action))),
        ],
        { concurrency: "unbounded", discard: true },
      ).pipe(Effect.zipRight(Effect.never)),
    )
  }

  /**
   * Records what is observed, and hears what is durable: as long as there is a session, and until `rest` has completed. Never
   * succeeds; fails with the first sink, or where the session must not go on unobserved. `elapsedMs`: the session's clock.
   */
  recording(elapsedMs: () => number): Effect.Effect<never, RecordingLost> {
    const { local, remote } = this.#options
    return Effect.all(
      [
        this.#observe(elapsedMs),
        Option.match(remote, { onNone: () => Effect.void, onSome: (sink) => this.#durable(sink) }),
        local.failure,
      ],
      { concurrency: "unbounded", discard: true },
    ).pipe(Effect.zipRight(Effect.never))
  }

  /** Completes once all is recorded that was observed until now, or `recording` has failed. To be called when the program is gone. */
  get rest(): Effect.Effect<void> {
    const { observation } = this.#options
    return Option.match(observation, {
      onNone: () => Effect.void,
      onSome: ({ stop }) => Effect.zipRight(stop, Deferred.await(this.#allObserved)),
    })
  }

  #observe(elapsedMs: () => number): Effect.Effect<void, RecordingLost> {
    const { observation, local } = this.#options
    if (Option.isNone(observation)) return Effect.void
    const ready = Effect.zipRight(this.#outputWanted.await, local.ready)
    const all = pullEach(observation.value.events(elapsedMs), (chunk) => {
      for (const observed of chunk) this.#dispatch({ _tag: "Observed", observed })
      return ready
    })
    return Effect.ensuring(all, Deferred.succeed(this.#allObserved, undefined))
  }

  #output(terminal: Terminal) {
    return pullEach(terminal.output, (outputs) => {
      for (const shown of outputs) this.#dispatch({ _tag: "Output", shown })
      return this.#show
    })
  }

  /** Shows what may be seen; returns when more output is wanted. */
  readonly #show: Effect.Effect<void, ClientGone> = Effect.suspend(() => {
    const next = this.#shown.shift()
    if (next !== undefined) {
      const { client } = this.#options
      const write = next.stream === "stderr" ? client.writeStderr(next.bytes) : client.write(next.bytes)
      return Effect.zipRight(this.#onceKept(write), this.#show)
    }
    if (!Policy.wants(this.#state).output) return Effect.zipRight(this.#outputWanted.await, this.#show)
    return this.#options.local.ready
  })

  #input(terminal: Terminal) {
    const ready = Effect.zipRight(this.#ready, this.#typing.room)
    const settled = Effect.zipRight(this.#actionsDone.await, this.#typing.idle)
    const type = judgeTyping({ terminal, settled, act: (action) => this.#user(action, ready) })
    const typed = pullEach(this.#options.client.input, (chunk) => Effect.forEach(chunk, type, { discard: true }))
    return Effect.zipRight(typed, this.#user({ _tag: "EndInput" }, ready))
  }

  #take(actions: Stream.Stream<Action>) {
    const ready = Effect.zipRight(this.#ready, this.#controls.room)
    return Stream.runForEach(actions, (action) => this.#user(action, ready))
  }

  /** What the user does is decided about at once; the next is taken when the window and the disk allow. */
  #user(action: Action, ready: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#dispatch({ _tag: "User", action })
      return ready
    })
  }

  get #ready(): Effect.Effect<void> {
    return Effect.zipRight(this.#actionsWanted.await, this.#options.local.ready)
  }

  /** What was recorded is shown or done when it is kept; never where it can't be, with which the session ends. */
  #onceKept<E>(act: Effect.Effect<void, E>): Effect.Effect<void, E> {
    return Effect.suspend(() => (this.#options.local.keep() ? act : Effect.never))
  }

  #type(terminal: Terminal, action: Typing): Effect.Effect<void, TerminalError> {
    if (action._tag === "EndInput") return terminal.endInput
    return action.isTyped ? Effect.void : terminal.write(action.bytes)
  }

  #control(terminal: Terminal, action: Control): Effect.Effect<void> {
    return action._tag === "Resize" ? terminal.resize(action.size) : terminal.signal(action.name)
  }

  /** In the callback that brings it: what waits for it waits for nothing else. */
  #durable({ durable }: RemoteSink) {
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        const hear = (seq: number) => this.#dispatch({ _tag: "Durable", seq })
        // What became durable before anybody listened is not told again.
        hear(durable.value)
        return durable.listen(hear)
      }),
      () => durable.failure,
      (stop) => Effect.sync(stop),
    )
  }

  #dispatch(event: Policy.SessionEvent): void {
    const [state, decisions] = Policy.step(this.#state, event)
    this.#state = state
    for (const decision of decisions) this.#obey(decision)
    if (Policy.waits(state) && Option.isSome(this.#options.remote)) this.#options.remote.value.hurry()
    const wants = Policy.wants(state)
    wants.output ? this.#outputWanted.unsafeOpen() : this.#outputWanted.unsafeClose()
    wants.actions ? this.#actionsWanted.unsafeOpen() : this.#actionsWanted.unsafeClose()
    Policy.isDone(state) ? this.#actionsDone.unsafeOpen() : this.#actionsDone.unsafeClose()
  }

  #obey(decision: Policy.Decision): void {
    switch (decision._tag) {
      case "RecordShown":
        this.#record(this.#recorder.shown(decision.shown))
        break
      case "RecordAction":
        this.#record(this.#recorder.action(decision.action, decision.masked))
        break
      case "RecordObserved":
        this.#record(this.#recorder.observed(decision.observed))
        break
      case "Show":
        this.#shown.push(decision.shown)
        break
      case "Do":
        isTyping(decision.action) ? this.#typing.add(decision.action) : this.#controls.add(decision.action)
        break
    }
  }

  #record(recorded: RecordedFrame): void {
    this.#options.local.offer(recorded)
    if (Option.isSome(this.#options.remote)) this.#options.remote.value.offer(recorded)
  }
}
