import * as fs from "node:fs"
import { Effect, Option, Schema } from "effect"
import { type ChosenMode, chooseMode, RecordingMode } from "../../domain/RecordingMode.ts"
import { writePrivateFile } from "../../session/writePrivateFile.ts"

const decode = Schema.decodeUnknownOption(RecordingMode)
/** A session does not wait longer for the cluster's answer; the last one holds then. */
const askLimit = "2 seconds"

export interface SessionModeOptions<E> {
  /** `MEZITE_RECORDING_MODE`. */
  readonly env: Option.Option<RecordingMode>
  /** Asks the cluster for its `session_recording`. */
  readonly ask: Effect.Effect<RecordingMode, E>
  /** Where the cluster's last answer is kept. */
  readonly cacheFile: string
}

/**
 * The mode of a session that begins now, and why. Where the variable does not decide, the cluster is asked anew each time;
 * an answer that cannot be had, or kept, is logged and passed over.
 */
export const sessionMode = <E>({ env, ask, cacheFile }: SessionModeOptions<E>): Effect.Effect<ChosenMode> => {
  if (Option.isSome(env)) return Effect.succeed(chooseMode({ env, cluster: Option.none(), cached: Option.none() }))
  const cluster = ask.pipe(
    Effect.timeout(askLimit),
    Effect.tap((mode) => keep(cacheFile, mode)),
    Effect.tapErrorCause((cause) => Effect.logWarning("the cluster's recording mode cannot be asked for", cause)),
    Effect.option,
  )
  return Effect.map(cluster, (answer) =>
    chooseMode({ env, cluster: answer, cached: Option.isNone(answer) ? kept(cacheFile) : answer }),
  )
}

const keep = (path: string, mode: RecordingMode) =>
  kept(path).pipe(Option.contains(mode))
    ? Effect.void
    : writePrivateFile(path, `${mode}\n`).pipe(
        Effect.catchAll((error) => Effect.logWarning("the cluster's recording mode cannot be kept", error)),
      )

const kept = (path: string): Option.Option<RecordingMode> =>
  Option.liftThrowable(() => fs.readFileSync(path, "utf8").trim())().pipe(Option.flatMap(decode))
