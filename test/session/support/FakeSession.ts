import { Deferred, Effect, Mailbox, Option } from "effect"
import { FrameKind } from "../../../src/domain/Frame.ts"
import type { RecordingMode } from "../../../src/domain/RecordingMode.ts"
import type { WindowSize } from "../../../src/domain/WindowSize.ts"
import type { RecordingEnd } from "../../../src/recording/End.ts"
import { decodeResize } from "../../../src/recording/index.ts"
import type { Observation } from "../../../src/session/Observation.ts"
import type { LocalSink, RecordingLost, RemoteSink } from "../../../src/session/RecordingSink.ts"
import * as Session from "../../../src/session/Session.ts"
import { ClientGone, type SessionClient } from "../../../src/session/SessionClient.ts"
import type { RecordedFrame } from "../../../src/session/SessionRecorder.ts"
import type { TerminalError } from "../../../src/session/TerminalError.ts"
import { Watermark } from "../../../src/session/Watermark.ts"
import { sessionInfo } from "../../support/recordings.ts"
import { fakeTerminal } from "./FakeTerminal.ts"

const fakeClient = Effect.gen(function* () {
  const input = yield* Mailbox.make<Uint8Array>()
  const resizes = yield* Mailbox.make<WindowSize>()
  const signals = yield* Mailbox.make<string>()
  const closed = yield* Deferred.make<void>()
  const reads = Effect.unsafeMakeLatch(true)
  const seen: Array<string> = []
  const state = { gone: false }
  const write = (stream: string) => (bytes: Uint8Array) =>
    Effect.zipRight(
      reads.await,
      Effect.suspend(() => {
        if (state.gone) return new ClientGone()
        seen.push(`${stream}${Buffer.from(bytes)}`)
        return Effect.void
      }),
    )
  const client: SessionClient = {
    input: Mailbox.toStream(input),
    write: write(""),
    writeStderr: write("!"),
    resizes: Mailbox.toStream(resizes),
    signals: Mailbox.toStream(signals),
    closed: Deferred.await(closed),
  }
  return {
    client,
    seen,
    state,
    /** Closed: the client reads nothing. */
    reads,
    types: (text: string): void => void input.unsafeOffer(Buffer.from(text)),
    endsInput: (): void => void input.unsafeDone(Effect.runSync(Effect.exit(Effect.void))),
    resizes: (cols: number): void => void resizes.unsafeOffer({ cols, rows: 24, widthPx: 0, heightPx: 0 }),
    signals: (name: string): void => void signals.unsafeOffer(name),
    leaves: (): void => Deferred.unsafeDone(closed, Effect.void),
  }
})

/** A sink that holds on to all that it is given, and fails when the test says so. */
const fakeSink = Effect.gen(function* () {
  const frames: Array<RecordedFrame> = []
  const ends: Array<RecordingEnd> = []
  const failure = yield* Deferred.make<never, RecordingLost>()
  const finished = Effect.unsafeMakeLatch(true)
  const finish = (end: RecordingEnd) =>
    Effect.suspend(() => {
      ends.push(end)
      return Effect.raceFirst(Deferred.await(failure), finished.await)
    })
  return {
    frames,
    ends,
    failure: Deferred.await(failure),
    finish,
    /** Closed: the end is never confirmed. */
    finished,
    fails: (error: RecordingLost): void => Deferred.unsafeDone(failure, Effect.fail(error)),
    /** What was recorded: of a masked frame its size alone. */
    texts: () =>
      frames.map(({ frame }) => {
        const payload = frame.compressed ? "compressed" : Buffer.from(frame.payload).toString()
        if (frame.kind === FrameKind.Output) return payload
        const kind = Object.entries(FrameKind).find(([, value]) => value === frame.kind)?.[0] ?? ""
        return `${kind} ${frame.masked ? `masked ${frame.size}` : kind === "Resize" ? decodeResize(frame.payload).cols : payload}`
      }),
  }
})

export interface FakeOptions {
  readonly mode?: RecordingMode
  readonly recordSecrets?: boolean
  /** Only typing tells whether the program's terminal echoes. */
  readonly tries?: boolean
  readonly observation?: Observation
  /** In place of a program that starts. */
  readonly start?: Effect.Effect<never, TerminalError>
}

/** A session all of whose parts the test plays. */
export const fakeSession = (options: FakeOptions = {}) =>
  Effect.gen(function* () {
    const mode = options.mode ?? "node-sync"
    const terminal = yield* fakeTerminal(options.tries ?? false)
    const client = yield* fakeClient
    const local = yield* fakeSink
    const remote = yield* fakeSink
    const durable = new Watermark<RecordingLost>(0)
    const disk = Effect.unsafeMakeLatch(true)
    const state = { keeps: true }
    const localSink: LocalSink = {
      offer: (frame) => void local.frames.push(frame),
      keep: () => state.keeps,
      ready: disk.await,
      failure: local.failure,
      finish: local.finish,
    }
    const hurried: Array<number> = []
    const remoteSink: RemoteSink = {
      offer: (frame) => void remote.frames.push(frame),
      hurry: () => void hurried.push(remote.frames.length),
      durable,
      finish: remote.finish,
    }
    const run = Session.run({
      info: { ...sessionInfo, mode },
      terminal: options.start ?? terminal.start,
      client: client.client,
      local: localSink,
      remote: mode === "node-sync" ? Option.some(remoteSink) : Option.none(),
      windowBytes: 64 * 1024,
      recordSecrets: options.recordSecrets ?? false,
      observation: Option.fromNullable(options.observation),
    })
    return {
      terminal,
      client,
      local,
      remote,
      /** How many frames had been offered, each time that the session waited for the hub. */
      hurried,
      /** Closed: the local disk is slow. */
      disk,
      /** `keeps`: whether the local disk takes anything. */
      state,
      run,
      acksAll: (): void => durable.raise(remote.frames.length),
      streamBreaks: (error: RecordingLost): void => {
        remote.fails(error)
        durable.fail(error)
      },
    }
  })

/** Lets fibers run until something is so; fails if it never is. */
export const until = (isSo: () => boolean): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let turn = 0; turn < 2000; turn++) {
      if (isSo()) return
      yield* Effect.yieldNow()
    }
    return yield* Effect.dieMessage(`this never came to be: ${isSo}`)
  })

/** Lets every fiber run as far as it can. */
export const settled: Effect.Effect<void> = Effect.repeatN(Effect.yieldNow(), 200)
