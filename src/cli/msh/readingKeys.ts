import * as fs from "node:fs/promises"
import { Effect, Option, Redacted } from "effect"
import { SessionId } from "../../domain/Identifiers.ts"
import type { RecordingHeader } from "../../recording/Header.ts"
import type { KeyRing } from "../../recording/KeyRing.ts"
import { KeyShare } from "../../recording/KeyShare.ts"
import { type RandomAccess, readHeader } from "../../recording/RandomAccess.ts"
import { CommandFailed } from "../CommandFailed.ts"
import { hubClient } from "../HubClient.ts"
import type { RecordingTarget } from "./RecordingSource.ts"
import { recordingKeys } from "./recordingKeys.ts"

/** A regular file; nothing else can be read twice. */
const regularFile = (path: string) =>
  Effect.gen(function* () {
    const file = yield* Effect.acquireRelease(
      Effect.tryPromise(() => fs.open(path, "r")),
      (open) => Effect.promise(() => open.close()),
    )
    const found = yield* Effect.tryPromise(() => file.stat())
    const read = (offset: number, length: number) =>
      Effect.tryPromise(async () => {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
        return buffer.subarray(0, bytesRead)
      })
    return found.isFile() ? Option.some<RandomAccess<unknown>>({ size: found.size, read }) : Option.none()
  })

/** The header of a file; none where it can't be had. What is wrong with the file is told by whoever reads all of it. */
const headerOf = (path: string): Effect.Effect<Option.Option<RecordingHeader>> =>
  Effect.gen(function* () {
    const file = yield* regularFile(path)
    if (Option.isNone(file)) return Option.none()
    const { header } = yield* readHeader(file.value)
    return Option.some(header)
  }).pipe(
    Effect.scoped,
    Effect.orElseSucceed(() => Option.none()),
  )

const shareFromHub = (path: string, sessionId: string, identity: Option.Option<string>) =>
  Effect.gen(function* () {
    const client = yield* hubClient(identity)
    const share = yield* client.RecordingKeyShare({ session_id: SessionId.make(sessionId) })
    return Option.getOrUndefined(
      Option.flatMap(Option.fromNullable(share), (hex) => KeyShare.fromHex(Redacted.value(hex))),
    )
  }).pipe(
    Effect.scoped,
    Effect.mapError(
      ({ message }) =>
        new CommandFailed({
          message: `${path} cannot be decrypted: its hub keeps a share of the key, and does not give it: ${message}`,
        }),
    ),
  )

/**
 * What a recording is read with. What comes from the hub is in clear already; a file may need a key of this machine's, and that may need
 * the share which the hub keeps.
 */
export const readingKeys = Effect.fn("readingKeys")(function* (
  target: RecordingTarget,
  identity: Option.Option<string>,
): Effect.fn.Return<KeyRing, CommandFailed> {
  const keys = yield* recordingKeys
  if (target._tag !== "File") return keys
  const header = yield* headerOf(target.path)
  if (Option.isNone(header) || header.value.encryption?.scheme !== "split") return keys
  if (keys.find(header.value.encryption.keyId) === undefined) return keys
  return keys.withShare(yield* shareFromHub(target.path, header.value.info.sessionId, identity))
})
