import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Context, Duration, Effect, Layer, Option } from "effect"
import type { Invalid } from "../../api/ApiError.ts"
import { auditEvent } from "../../domain/AuditEvent.ts"
import { parseDuration } from "../../domain/Durations.ts"
import type { RecordingMode } from "../../domain/RecordingMode.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { ClusterKeys } from "../keys/ClusterKeys.ts"
import { knownSetting, type SettingKey, settable, settingKeys, settingSpecs } from "./SettingsRegistry.ts"

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const { clusterName } = yield* ClusterKeys

  const stored = (key: SettingKey): Effect.Effect<string, SqlError> =>
    Effect.map(
      sql<{ value: string }>`SELECT value FROM settings WHERE key = ${key}`,
      ([row]) => row?.value ?? settingSpecs[key].initial ?? clusterName,
    )

  const get = Effect.fn("Settings.get")(function* (key: string) {
    return yield* stored(yield* knownSetting(key))
  })

  const list = Effect.forEach(settingKeys, (key) => Effect.map(stored(key), (value) => ({ key, value })))

  const set = Effect.fn("Settings.set")(function* (key: string, value: string, by: string) {
    const known = yield* settable(key, value)
    yield* sql.withTransaction(
      Effect.gen(function* () {
        const old = yield* stored(known)
        yield* sql`INSERT INTO settings ${sql.insert({ key: known, value })}
          ON CONFLICT (key) DO UPDATE SET value = excluded.value`
        yield* audit.append(auditEvent("config.update", { user: by, detail: { key: known, old, new: value } }))
      }),
    )
  })

  const sessionRecording = Effect.map(stored("session_recording"), (value) => value as RecordingMode)

  const userCertificateTtl = Effect.map(stored("user_certificate_ttl"), (value) =>
    Option.getOrElse(parseDuration(value), () => Duration.hours(12)),
  )

  // `keep` is no duration.
  const recordingRetention = Effect.map(stored("recording_retention"), parseDuration)

  return { get, list, set, recordingRetention, sessionRecording, userCertificateTtl }
})

/** The cluster's settings. Only values that the registry accepts are ever stored; each change is audited with it. */
export class Settings extends Context.Tag("mezite/auth/Settings")<
  Settings,
  {
    /** Fails with `Invalid`, which lists the settings, where there is no such one. */
    readonly get: (key: string) => Effect.Effect<string, Invalid | SqlError>
    readonly list: Effect.Effect<ReadonlyArray<{ readonly key: string; readonly value: string }>, SqlError>
    /** `by`: who changes it, for the audit log. */
    readonly set: (key: string, value: string, by: string) => Effect.Effect<void, Invalid | SqlError>
    readonly sessionRecording: Effect.Effect<RecordingMode, SqlError>
    /** How long recordings are kept; none: for ever. */
    readonly recordingRetention: Effect.Effect<Option.Option<Duration.Duration>, SqlError>
    readonly userCertificateTtl: Effect.Effect<Duration.Duration, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<Settings, never, SqlClient.SqlClient | AuditLog | ClusterKeys> = Layer.effect(
    Settings,
    make,
  )
}
