import * as fs from "node:fs"
import { Context, Effect, Layer, Option, Schema } from "effect"
import { RecordingSettings } from "../../api/RecordingSettings.ts"
import { type ChosenMode, chooseMode, type RecordingMode } from "../../domain/RecordingMode.ts"
import { RecipientKey } from "../../recording/RecipientKey.ts"
import { writePrivateFile } from "../../session/writePrivateFile.ts"
import { HubCalls } from "../hub/HubCalls.ts"

const file = Schema.parseJson(RecordingSettings)
const decode = Schema.decodeUnknownOption(file)
const encode = Schema.encodeSync(file)
const isSame = Schema.equivalence(RecordingSettings)

/** A session does not wait longer for the cluster's answer; the last one holds then. */
const askLimit = "2 seconds"

export interface RecordingTermsOptions {
  /** `MEZITE_RECORDING_MODE`: where it is set, the cluster does not decide about modes. */
  readonly env: Option.Option<RecordingMode>
  /** Where the cluster's last answer is kept. */
  readonly cacheFile: string
}

/** How sessions that begin now are recorded; what the cluster says of it is kept across restarts. */
export class RecordingTerms extends Context.Tag("mezite/node/RecordingTerms")<
  RecordingTerms,
  {
    /**
     * The mode of a session that begins now, and why: the cluster is asked anew each time. An answer that cannot be had, or
     * kept, is logged and passed over.
     */
    readonly mode: Effect.Effect<ChosenMode>
    /** Whom recordings are encrypted for on this machine's disk, as was last said; none where they are not. */
    readonly recipient: Effect.Effect<Option.Option<RecipientKey>>
  }
>() {
  static readonly layer = (options: RecordingTermsOptions): Layer.Layer<RecordingTerms, never, HubCalls> =>
    Layer.effect(
      RecordingTerms,
      Effect.map(HubCalls, ({ recordingSettings }) => make(options, recordingSettings)),
    )
}

const make = ({ env, cacheFile }: RecordingTermsOptions, ask: HubCalls["Type"]["recordingSettings"]) => {
  let last = kept(cacheFile)

  const note = (settings: RecordingSettings) =>
    Effect.suspend(() => {
      const isKnown = Option.exists(last, (known) => isSame(known, settings))
      last = Option.some(settings)
      return isKnown ? Effect.void : keep(cacheFile, settings)
    })

  const asked = ask.pipe(
    Effect.timeout(askLimit),
    Effect.tap(note),
    Effect.tapErrorCause((cause) => Effect.logWarning("the cluster cannot be asked how to record", cause)),
    Effect.option,
  )

  return RecordingTerms.of({
    mode: Effect.map(asked, (answer) =>
      chooseMode({ env, cluster: Option.map(answer, modeIn), cached: Option.map(last, modeIn) }),
    ),
    recipient: Effect.sync(() => Option.flatMap(last, recipientIn)),
  })
}

const modeIn = ({ session_recording }: RecordingSettings): RecordingMode => session_recording

const recipientIn = ({ spool_key: key }: RecordingSettings): Option.Option<RecipientKey> =>
  key === null ? Option.none() : RecipientKey.fromBase64(key.id, key.public_key)

const keep = (path: string, settings: RecordingSettings) =>
  writePrivateFile(path, `${encode(settings)}\n`).pipe(
    Effect.catchAll((error) => Effect.logWarning("what the cluster says of recording cannot be kept", error)),
  )

const kept = (path: string): Option.Option<RecordingSettings> =>
  Option.liftThrowable(() => fs.readFileSync(path, "utf8"))().pipe(Option.flatMap(decode))
