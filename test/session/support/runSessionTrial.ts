import { Clock, Deferred, Effect, Exit, Fiber, Mailbox, Option, Ref } from "effect"
import { FrameKind } from "../../../src/domain/Frame.ts"
import type { Exit as ProgramExit } from "../../../src/domain/SessionEnd.ts"
import type { WindowSize } from "../../../src/domain/WindowSize.ts"
import { inflatePayload } from "../../../src/recording/Compression.ts"
import type { RecordingEnd } from "../../../src/recording/index.ts"
import type { WireFrame } from "../../../src/recording/WireFrame.ts"
import { EndReason } from "../../../src/session/EndReason.ts"
import { type LocalSink, RecordingLost, type RemoteSink } from "../../../src/session/RecordingSink.ts"
import * as Session from "../../../src/session/Session.ts"
import type { SessionClient } from "../../../src/session/SessionClient.ts"
import type { RecordedFrame } from "../../../src/session/SessionRecorder.ts"
import type { Terminal, TerminalOutput } from "../../../src/session/Terminal.ts"
import { Watermark } from "../../../src/session/Watermark.ts"
import { sessionInfo } from "../../support/recordings.ts"
import { bytesOf, type Move, type Trial } from "./SessionTrial.ts"
import { StepScheduler } from "./StepScheduler.ts"
import { TrialDisk } from "./TrialDisk.ts"

export const windowBytes = 64 * 1024

/** Something that the user saw, or that reached the program, and what was recorded and durable at that moment. */
export interface Happened {
  readonly what: "shown" | "typed" | "signal" | "resize" | "input ended"
  readonly bytes: Uint8Array
  /** The last frame recorded by then, and the last durable at the hub. */
  readonly recorded: number
  readonly durable: number
}

/** What a trial led to. */
export interface Outcome {
  readonly trial: Trial
  readonly happened: ReadonlyArray<Happened>
  /** Every frame that was recorded, in order. */
  readonly recorded: ReadonlyArray<RecordedFrame>
  /** The most that was recorded and not durable at any moment: bytes of payload. */
  readonly aheadBytes: number
  /** What had happened when a failure was known that a session must not outlive. */
  readonly doomedAt: number | undefined
  /** The session's outcome, where it had one before a failure that it must not outlive. */
  readonly endedBefore: unknown
  /** The agent's process, or its machine, was gone before the session could end. */
  readonly died: boolean
  readonly powerFailed: boolean
  readonly diskFailed: boolean
  readonly exit: Exit.Exit<RecordingEnd, { readonly message: string }> | undefined
  readonly terminalClosed: boolean
  /** Durable at the hub by its word, when all was over. */
  readonly acknowledged: number
  /** What the hub has in the end, once the agent's disk was brought to it. */
  readonly stored: { readonly frames: ReadonlyArray<WireFrame>; readonly end: RecordingEnd } | undefined
}

const lost = (message: string) => new RecordingLost({ message })

/** One session, all of whose world is played: nothing in it happens but by a move. */
class World {
  readonly scheduler = new StepScheduler()
  readonly trial: Trial
  readonly disk = new TrialDisk()
  readonly recorded: Array<RecordedFrame> = []
  readonly happened: Array<Happened> = []
  readonly #hub: Array<RecordedFrame> = []
  #hubEnd: RecordingEnd | undefined
  #hubBroken = false
  #aheadBytes = 0
  #doomedAt: number | undefined
  #endedBefore: unknown
  #over = false
  #killed = false
  #powerFailed = false
  #diskFailed = false
  #terminalClosed = false
  #echoes = true
  readonly #durable = new Watermark<RecordingLost>(0)
  readonly #output: Mailbox.Mailbox<TerminalOutput>
  readonly #input: Mailbox.Mailbox<Uint8Array>
  readonly #resizes: Mailbox.Mailbox<WindowSize>
  readonly #signals: Mailbox.Mailbox<string>
  readonly #programExit = Effect.runSync(Deferred.make<ProgramExit, never>())
  readonly #clientGone = Effect.runSync(Deferred.make<void>())
  readonly #diskFailure = Effect.runSync(Deferred.make<never, RecordingLost>())
  /** A millisecond goes by each time that somebody looks, so that what is out of its order has another time. */
  readonly #clock: Clock.Clock = Object.assign(Clock.make(), {
    unsafeCurrentTimeNanos: () => {
      this.#now += 1_000_000n
      return this.#now
    },
  })
  #now = 0n
  readonly #reads = Effect.unsafeMakeLatch(true)
  readonly #fiber: Fiber.RuntimeFiber<RecordingEnd, { readonly message: string }>

  constructor(trial: Trial) {
    this.trial = trial
    const make = <A>(): Mailbox.Mailbox<A> => {
      const fiber = Effect.runFork(Mailbox.make<A>(), { scheduler: this.scheduler })
      this.scheduler.step()
      return Effect.runSync(Fiber.join(fiber))
    }
    this.#output = make()
    this.#input = make()
    this.#resizes = make()
    this.#signals = make()
    this.#fiber = Effect.runFork(this.#session, { scheduler: this.scheduler })
    this.scheduler.step()
  }

  #happens(what: Happened["what"], bytes: Uint8Array = new Uint8Array(0)): Effect.Effect<void> {
    return Effect.sync(() => {
      this.happened.push({ what, bytes, recorded: this.recorded.length, durable: this.#durable.value })
    })
  }

  get #terminal(): Terminal {
    return {
      output: Mailbox.toStream(this.#output),
      write: (bytes) => this.#happens("typed", bytes),
      endInput: this.#happens("input ended"),
      resize: () => this.#happens("resize"),
      signal: () => this.#happens("signal"),
      echoes: Effect.sync(() => this.#echoes),
      exit: Deferred.await(this.#programExit),
    }
  }

  get #client(): SessionClient {
    const show = (bytes: Uint8Array) => Effect.zipRight(this.#happens("shown", bytes), this.#reads.await)
    return {
      input: Mailbox.toStream(this.#input),
      write: show,
      writeStderr: show,
      resizes: Mailbox.toStream(this.#resizes),
      signals: Mailbox.toStream(this.#signals),
      closed: Deferred.await(this.#clientGone),
    }
  }

  get #local(): LocalSink {
    return {
      offer: (frame) => {
        this.recorded.push(frame)
        this.disk.offer(frame)
        this.#measure()
      },
      keep: () => !this.disk.failed || this.#goesOn,
      ready: Effect.void,
      failure: Deferred.await(this.#diskFailure),
      finish: (end) =>
        Effect.suspend(() => {
          this.disk.end(end)
          return this.#diskFailed && !this.#goesOn ? lost("the disk is full") : Effect.void
        }),
    }
  }

  /** Whether a disk that fails is outlived. */
  get #goesOn(): boolean {
    return this.trial.mode === "node" && this.trial.onLocalFailure === "continue"
  }

  get #remote(): Option.Option<RemoteSink> {
    if (this.trial.mode !== "node-sync") return Option.none()
    return Option.some({
      offer: (frame) => {
        if (!this.#hubBroken) this.#hub.push(frame)
      },
      hurry: () => undefined,
      durable: this.#durable,
      finish: (end) =>
        Effect.suspend(() => {
          if (this.#hubBroken) return Effect.asVoid(this.#durable.failure)
          this.#hubEnd = end
          return Effect.void
        }),
    })
  }

  get #session() {
    const terminal = Effect.acquireRelease(Effect.succeed(this.#terminal), () =>
      Effect.sync(() => {
        this.#terminalClosed = true
      }),
    )
    return Session.run({
      info: { ...sessionInfo, mode: this.trial.mode },
      terminal,
      client: this.#client,
      local: this.#local,
      remote: this.#remote,
      windowBytes,
      recordSecrets: false,
      observation: Option.none(),
    }).pipe(Effect.withClock(this.#clock), Effect.provideService(EndReason, Ref.unsafeMake(Option.some("terminated"))))
  }

  #measure(): void {
    const ahead = this.recorded.slice(this.#durable.value).reduce((sum, { frame }) => sum + frame.size, 0)
    this.#aheadBytes = Math.max(this.#aheadBytes, ahead)
  }

  #breaks(message: string): void {
    this.#hubBroken = true
    this.#durable.fail(lost(message))
    if (this.trial.mode === "node-sync") this.#doom()
  }

  /** What is known of a failure now, the session must not outlive; what was under way before may still happen. */
  #doom(): void {
    this.#endedBefore ??= this.#fiber.unsafePoll() ?? undefined
    this.scheduler.step()
    this.#doomedAt ??= this.happened.length
  }

  #die(power: boolean): void {
    this.#killed = this.#fiber.unsafePoll() === null
    this.#powerFailed = power
    this.#over = true
    this.scheduler.kill()
  }

  play(move: Move): void {
    if (this.#over) return
    const play = this.#moves[move._tag] as (move: Move) => unknown
    play(move)
    if (!this.#over) this.scheduler.step()
  }

  readonly #moves: { readonly [Tag in Move["_tag"]]: (move: Extract<Move, { readonly _tag: Tag }>) => unknown } = {
    Prints: ({ stream, text }) => this.#output.unsafeOffer({ stream, bytes: bytesOf(text) }),
    Types: ({ text, echoes }) => {
      this.#echoes = echoes
      this.#input.unsafeOffer(bytesOf(text))
    },
    Resizes: ({ cols }) => this.#resizes.unsafeOffer({ cols, rows: 24, widthPx: 0, heightPx: 0 }),
    Signals: ({ name }) => this.#signals.unsafeOffer(name),
    EndsInput: () => this.#input.unsafeDone(Exit.void),
    Acknowledges: ({ share }) => this.#durable.raise(Math.round(share * this.#hub.length)),
    Syncs: () => this.disk.sync(),
    StopsReading: () => this.#reads.unsafeClose(),
    ReadsOn: () => this.#reads.unsafeOpen(),
    DiskMends: () => this.disk.mend(),
    HubBreaks: () => this.#breaks("the hub cannot be reached"),
    HubIsFull: () => this.#breaks("the hub's disk is full"),
    HubIsSilent: () => this.#breaks("the hub confirmed nothing for 5 s"),
    HubRestarts: ({ share }) => {
      const unsure = this.#hubEnd === undefined ? this.#hub.length - this.#durable.value : 0
      this.#hub.length -= Math.floor(unsure * share)
      this.#breaks("the hub cannot be reached")
    },
    DiskFails: () => this.#diskFails(),
    ProgramEnds: () => {
      this.#output.unsafeDone(Exit.void)
      Deferred.unsafeDone(this.#programExit, Effect.succeed({ _tag: "Code", code: 7 }))
    },
    ClientLeaves: () => Deferred.unsafeDone(this.#clientGone, Effect.void),
    IsTerminated: () => this.#fiber.unsafeInterruptAsFork(this.#fiber.id()),
    AgentIsKilled: () => this.#die(false),
    PowerFails: ({ share }) => {
      this.#die(true)
      this.disk.lose(share)
    },
  }

  #diskFails(): void {
    if (this.disk.failed || this.disk.ended) return
    this.disk.fail()
    this.#diskFailed = true
    if (this.#goesOn) return
    Deferred.unsafeDone(this.#diskFailure, Effect.fail(lost("the disk is full")))
    this.#doom()
  }

  /** Brings what is on the disk to a hub that is there again, as the uploader does. */
  outcome(): Outcome {
    const exit = this.#fiber.unsafePoll() ?? undefined
    const over = exit !== undefined || this.#over
    const { frames, end } = this.disk.bring(this.#hub.length)
    const whole =
      this.#hubEnd === undefined ? { frames: [...this.#hub.map(({ frame }) => frame), ...frames], end } : undefined
    const live = { frames: this.#hub.map(({ frame }) => frame), end: this.#hubEnd ?? end }
    return {
      trial: this.trial,
      happened: this.happened,
      recorded: this.recorded,
      aheadBytes: this.#aheadBytes,
      doomedAt: this.#doomedAt,
      endedBefore: this.#endedBefore,
      died: this.#killed,
      powerFailed: this.#powerFailed,
      diskFailed: this.#diskFailed,
      exit,
      terminalClosed: this.#terminalClosed,
      acknowledged: this.#durable.value,
      stored: over ? (whole ?? live) : undefined,
    }
  }
}

/** Plays a trial to its end. */
export const runSessionTrial = (trial: Trial): Outcome => {
  const world = new World(trial)
  for (const move of trial.moves) world.play(move)
  return world.outcome()
}

/** What a frame holds, in clear; its own number does not count. */
export const contentOf = ({ frame }: { readonly frame: WireFrame }): string => {
  const payload = frame.compressed ? inflatePayload(frame.payload, frame.size, 0) : frame.payload
  return `${frame.kind} ${frame.masked} ${frame.size} ${Buffer.from(payload).toString("latin1")}`
}

export const isGap = ({ kind }: WireFrame): boolean => kind === FrameKind.Gap
