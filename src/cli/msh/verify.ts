import { Effect, Either, Option, Stream } from "effect"
import { RecordingVerifier, type Verification } from "../../recording/RecordingVerifier.ts"
import { VerifyingKey } from "../../recording/VerifyingKey.ts"
import { CommandFailed } from "../CommandFailed.ts"
import { currentIdentity } from "../CurrentIdentity.ts"
import { printLine } from "../Output.ts"
import { readFileIfAny } from "../PrivateFile.ts"
import { plainLine } from "../plainLine.ts"
import { WrongUsage } from "../WrongUsage.ts"
import { recordingBytes, recordingTarget } from "./RecordingSource.ts"

/** `msh verify`. */
export interface VerifyOptions {
  readonly identity: Option.Option<string>
  /** A file with a public key, or the key itself in hex. */
  readonly key: Option.Option<string>
  readonly recording: string
}

const parseKey = (text: string) =>
  Either.mapLeft(VerifyingKey.parse(text), ({ message }) => new WrongUsage({ message: `--key: ${message}` }))

const givenKey = (option: string) =>
  Effect.gen(function* () {
    const content = yield* readFileIfAny(option).pipe(Effect.orElseSucceed(() => Option.none<string>()))
    return [yield* parseKey(Option.getOrElse(content, () => option))]
  })

/** Raw, in base64, as the hub tells it. */
const parseStoredKey = (key: string) => parseKey(Buffer.from(key, "base64").toString("hex"))

/** The keys that the hub told at login. */
const clusterKeys = (identity: Option.Option<string>) =>
  currentIdentity(identity).pipe(
    Effect.map(({ identity: { credentials } }) => credentials.cluster.recording_keys),
    Effect.mapError(
      ({ message }) =>
        new CommandFailed({
          message: `whose seals to believe? Give the public key with --key, or log in (${message})`,
        }),
    ),
    Effect.flatMap((keys) => Effect.forEach(keys, parseStoredKey)),
  )

const sealedUpTo = (verification: Verification & { _tag: "NotWhole" }): string =>
  verification.sealed === undefined
    ? "nothing of it is proven"
    : `everything before byte ${verification.sealed.offset} is as it was sealed`

/** Says whether a recording is whole, every byte of it under a valid seal; fails with what is wrong where it is not. */
export const verify = Effect.fn("msh.verify")(function* (options: VerifyOptions) {
  const target = yield* recordingTarget(options.recording)
  const keys = yield* Option.match(options.key, { onSome: givenKey, onNone: () => clusterKeys(options.identity) })
  const verifier = new RecordingVerifier(keys)
  const bytes = recordingBytes(target, "sealed", options.identity)
  yield* Stream.runForEach(bytes, (piece) => Effect.sync(() => verifier.push(piece)))
  const verdict = verifier.end()
  if (verdict._tag === "NotWhole") {
    return yield* new CommandFailed({
      message: `${options.recording} is NOT whole: ${verdict.problem.message}; ${sealedUpTo(verdict)}`,
    })
  }
  const { info } = verdict.header
  const ended =
    verdict.end.status === "completed" ? "" : `; the session was ${verdict.end.status}: ${verdict.end.reason}`
  yield* printLine(
    plainLine(
      `OK: session ${info.sessionId} (user: ${info.user}, host: ${info.node}) is whole: ${verdict.end.frames} frames, ${verdict.bytes} bytes, every one sealed${ended}`,
    ),
  )
})
