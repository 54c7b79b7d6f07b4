import { Context, Effect, Layer, Option, Redacted, type Scope, Stream } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import type { RecordingEnd } from "../../recording/End.ts"
import type { KeyRing } from "../../recording/KeyRing.ts"
import type { KeyShare } from "../../recording/KeyShare.ts"
import { RecordingScanner, type ScannedRecording } from "../../recording/RecordingScanner.ts"
import { RecordingWriter } from "../../recording/RecordingWriter.ts"
import type { SigningKey } from "../../recording/SigningKey.ts"
import type { VerifyingKey } from "../../recording/VerifyingKey.ts"
import { AppendFile } from "../../session/AppendFile.ts"
import type { FileFailed } from "../../session/FileFailed.ts"
import { LocalRecordings } from "../storage/LocalRecordings.ts"
import { StorageFailed } from "../storage/RecordingStorage.ts"
import { GrowingRecording } from "./GrowingRecording.ts"

/** Keys that the hub writes recordings with. */
export interface RecordingKeys {
  readonly signer: SigningKey
  /** Every key that ever sealed. */
  readonly publicKeys: ReadonlyArray<VerifyingKey>
  /** Encrypts new recordings with its current key, where it has one. */
  readonly keyRing: Redacted.Redacted<KeyRing>
}

type Prefix = Extract<ScannedRecording, { _tag: "Prefix" }>

/** A recording that was found unfinished, and how it goes on. */
export interface Resumed {
  readonly info: SessionInfo
  readonly recording: GrowingRecording
  /** The End that stood there already; it has to be written again. */
  readonly end: RecordingEnd | undefined
}

const make = (keys: RecordingKeys) =>
  Effect.gen(function* () {
    const local = yield* LocalRecordings
    const { signer, publicKeys } = keys

    const grow = Effect.fnUntraced(function* (sessionId: SessionId, writer: RecordingWriter, position: number) {
      const file = yield* AppendFile.make({ path: local.path(sessionId), position, syncEvery: 0 })
      const recording = new GrowingRecording(writer, file)
      yield* Effect.forkScoped(recording.sealing)
      return recording
    })

    const begin = Effect.fn("PartialRecordings.begin")(function* (
      info: SessionInfo & { sessionId: SessionId },
      share: Option.Option<KeyShare>,
    ) {
      const key = Redacted.value(keys.keyRing).current
      const writer = RecordingWriter.begin({
        info,
        signer,
        ...(key === undefined ? {} : { key }),
        ...(Option.isSome(share) ? { share: share.value } : {}),
      })
      const recording = yield* grow(info.sessionId, writer, 0)
      yield* recording.flush
      return recording
    })

    const bytesOf = (sessionId: SessionId) =>
      Stream.unwrapScoped(
        Effect.map(local.open(sessionId), Option.match({ onNone: () => Stream.empty, onSome: (file) => file.from(0) })),
      )

    const scan = (sessionId: SessionId, upTo: number) =>
      bytesOf(sessionId).pipe(
        Stream.mapAccum(0, (offset, bytes) => [offset + bytes.length, bytes.subarray(0, Math.max(0, upTo - offset))]),
        Stream.runFold(new RecordingScanner({ publicKeys }), (scanner, bytes) => {
          scanner.push(bytes)
          return scanner
        }),
        Effect.map((scanner) => scanner.end()),
      )

    /** A torn end is what a crash leaves; anything else that is wrong puts all behind the last good seal in doubt. */
    const soundPrefix = Effect.fnUntraced(function* (sessionId: SessionId) {
      const found = yield* scan(sessionId, Number.POSITIVE_INFINITY)
      if (found._tag === "Nothing" || found.damage === undefined || found.damage.kind === "Truncated") return found
      yield* Effect.logError(`the unfinished recording of ${sessionId} is damaged: ${found.damage.message}`)
      return yield* scan(sessionId, found.progress.sealed?.offset ?? 0)
    })

    const resume = Effect.fn("PartialRecordings.resume")(function* (
      sessionId: SessionId,
      share: Option.Option<KeyShare>,
    ) {
      const found = yield* soundPrefix(sessionId)
      if (found._tag === "Nothing") {
        yield* local.discard(sessionId)
        return Option.none<Resumed>()
      }
      const writer = yield* resumeWriter(found, keys, share)
      const recording = yield* grow(sessionId, writer, found.progress.offset)
      // What an earlier run wrote, it may not have made durable; what is here now will be acknowledged.
      yield* recording.flush
      return Option.some<Resumed>({ info: found.header.info, recording, end: found.end })
    })

    return PartialRecordings.of({ encrypts: Redacted.value(keys.keyRing).current !== undefined, begin, resume })
  })

const resumeWriter = (prefix: Prefix, { keyRing, signer }: RecordingKeys, share: Option.Option<KeyShare>) =>
  Effect.try({
    try: () => {
      const keys = Redacted.value(keyRing).withShare(Option.getOrUndefined(share))
      return RecordingWriter.resume(prefix, { keys, signer })
    },
    catch: (cause) => new StorageFailed({ message: (cause as Error).message, cause }),
  })

/** The recordings that grow on the hub's own disk, each in one file; a scope keeps the file open. */
export class PartialRecordings extends Context.Tag("mezite/auth/PartialRecordings")<
  PartialRecordings,
  {
    /** Whether new recordings are encrypted. */
    readonly encrypts: boolean
    /** A new recording, whose header is durable; with the share of its key that is kept apart from it. */
    readonly begin: (
      info: SessionInfo & { readonly sessionId: SessionId },
      share: Option.Option<KeyShare>,
    ) => Effect.Effect<GrowingRecording, FileFailed, Scope.Scope>
    /** Goes on where a recording broke off; none where not even its header was written, which is then as if it never was. */
    readonly resume: (
      sessionId: SessionId,
      share: Option.Option<KeyShare>,
    ) => Effect.Effect<Option.Option<Resumed>, FileFailed | StorageFailed, Scope.Scope>
  }
>() {
  static readonly layer = (keys: RecordingKeys): Layer.Layer<PartialRecordings, never, LocalRecordings> =>
    Layer.effect(PartialRecordings, make(keys))
}
