import { createReadStream } from "node:fs"
import { stat } from "node:fs/promises"
import { Effect, Option, Schema, Stream } from "effect"
import { SessionId } from "../../domain/Identifiers.ts"
import { CommandFailed } from "../CommandFailed.ts"
import { hubClient } from "../HubClient.ts"

/** What `ID|FILE` on a command line means: a file, where there is one of that name or it can't be an id; pipes and devices too. */
export type RecordingTarget =
  | { readonly _tag: "Session"; readonly id: SessionId }
  | { readonly _tag: "File"; readonly path: string }

const fileError = (path: string, error: unknown): CommandFailed => {
  const missing = error instanceof Error && "code" in error && error.code === "ENOENT"
  const why = missing ? "there is no such file, and it is no session id either" : String(error)
  return new CommandFailed({ message: `${path}: ${why}` })
}

/** Tells a session's id from a file. */
export const recordingTarget = (word: string): Effect.Effect<RecordingTarget, CommandFailed> =>
  Effect.tryPromise({ try: () => stat(word), catch: (error) => fileError(word, error) }).pipe(
    Effect.flatMap((found) =>
      found.isDirectory()
        ? new CommandFailed({ message: `${word} is a directory` })
        : Effect.succeed<RecordingTarget>({ _tag: "File", path: word }),
    ),
    Effect.catchAll((error) =>
      Option.match(Schema.decodeUnknownOption(SessionId)(word), {
        onNone: () => Effect.fail(error),
        onSome: (id) => Effect.succeed<RecordingTarget>({ _tag: "Session", id }),
      }),
    ),
  )

const fileBytes = (path: string): Stream.Stream<Uint8Array, CommandFailed> =>
  Stream.fromAsyncIterable<Uint8Array, CommandFailed>(
    { [Symbol.asyncIterator]: () => createReadStream(path, { highWaterMark: 256 * 1024 })[Symbol.asyncIterator]() },
    (error) => fileError(path, error),
  )

/** How the hub gives a recording: as stored; in clear; or in clear and, while its session runs, what is recorded from now on. */
export type RecordingForm = "sealed" | "clear" | "followed"

/** A recording's bytes, from the hub or from a file, which is as it is. */
export const recordingBytes = (target: RecordingTarget, form: RecordingForm, identity: Option.Option<string>) =>
  target._tag === "File"
    ? fileBytes(target.path)
    : Stream.unwrapScoped(
        Effect.map(hubClient(identity), (client) =>
          client.RecordingRead({ session_id: target.id, sealed: form === "sealed", follow: form === "followed" }),
        ),
      )
