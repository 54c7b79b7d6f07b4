import { Context, Effect, Layer, Option, type Scope } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import type { RecordingEnd } from "../../recording/End.ts"
import { encodeHeaderEntry } from "../../recording/Header.ts"
import type { Observation } from "../../session/Observation.ts"
import { RecordingLost } from "../../session/RecordingSink.ts"
import * as Session from "../../session/Session.ts"
import type { SessionClient } from "../../session/SessionClient.ts"
import type { Terminal } from "../../session/Terminal.ts"
import type { TerminalError } from "../../session/TerminalError.ts"
import { HubReturn } from "../hub/HubReturn.ts"
import { announce } from "../recording/announce.ts"
import { HubRecorder, remoteSink } from "../recording/HubRecorder.ts"
import { RecordingTerms } from "../recording/RecordingTerms.ts"
import { Spool } from "../spool/Spool.ts"
import { SpoolUploader } from "../spool/SpoolUploader.ts"

export interface RecordedSessionOptions {
  readonly windowBytes: number
  readonly recordSecrets: boolean
}

/** Runs sessions, each recorded as its mode says: which sinks it has is decided here, once, and by nothing else. */
export class RecordedSession extends Context.Tag("mezite/node/RecordedSession")<
  RecordedSession,
  {
    readonly run: (
      info: SessionInfo & { readonly sessionId: SessionId },
      client: SessionClient,
      terminal: Effect.Effect<Terminal, TerminalError, Scope.Scope>,
      observation: Option.Option<Observation>,
    ) => Effect.Effect<RecordingEnd, RecordingLost | TerminalError>
  }
>() {
  static readonly layer = (
    options: RecordedSessionOptions,
  ): Layer.Layer<RecordedSession, never, Spool | HubRecorder | SpoolUploader | HubReturn | RecordingTerms> =>
    Layer.effect(RecordedSession, make(options))
}

const make = (options: RecordedSessionOptions) =>
  Effect.gen(function* () {
    const spool = yield* Spool
    const recorder = yield* HubRecorder
    const uploader = yield* SpoolUploader
    const [hubReturn, terms] = [yield* HubReturn, yield* RecordingTerms]

    /** Its recording is open at the hub, and the session's start stored, before the program starts. */
    const remote = Effect.fnUntraced(function* (info: SessionInfo) {
      const { call, opening } = yield* recorder.open(encodeHeaderEntry({ info, deflate: true }))
      if (opening._tag === "Whole" || opening.nextSeq !== 1) {
        return yield* new RecordingLost({ message: "the hub knows this session already" })
      }
      return { call, sink: yield* remoteSink(call) }
    })

    const told = (info: SessionInfo) =>
      info.mode === "node-sync"
        ? Effect.void
        : announce(info).pipe(
            Effect.provideService(HubRecorder, recorder),
            Effect.provideService(HubReturn, hubReturn),
            Effect.forkScoped,
          )

    const run = Effect.fn("RecordedSession.run")(function* (
      info: SessionInfo & { readonly sessionId: SessionId },
      client: SessionClient,
      terminal: Effect.Effect<Terminal, TerminalError, Scope.Scope>,
      observation: Option.Option<Observation>,
    ) {
      const local = yield* spool.begin(info.sessionId, info, yield* terms.recipient)
      const spooled = { sessionId: info.sessionId, path: spool.path(info.sessionId) }
      yield* told(info)
      // Where the hub does not take the recording there is no session, and nothing of it to keep.
      const live =
        info.mode === "node-sync"
          ? Option.some(yield* Effect.onError(remote(info), () => spool.remove(spooled)))
          : Option.none()
      const end = yield* Session.run({
        info,
        client,
        terminal,
        observation,
        ...options,
        local,
        remote: Option.map(live, ({ sink }) => sink),
      })
      // What the hub keeps, but has not stored, the uploader asks after.
      if (Option.exists(live, ({ call }) => call.whole === "stored")) yield* spool.remove(spooled)
      return end
    })

    return RecordedSession.of({
      // The file is released before the uploader looks.
      run: (...session) => Effect.ensuring(Effect.scoped(run(...session)), uploader.wake),
    })
  })
