import { expect, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { Settings } from "../../../src/auth/settings/Settings.ts"
import { layerTestHub } from "../support/TestHub.ts"

const updates = Effect.flatMap(AuditLog, (audit) =>
  Effect.map(
    Stream.runCollect(
      audit.list({ type: "config.update", user: null, sessionId: null, node: null, sinceMs: null, limit: null }),
    ),
    (events) => Chunk.toReadonlyArray(events).map(({ user, detail }) => ({ user, ...detail })),
  ),
)

it.scoped("has defaults, takes what is allowed, and audits who changed what", () =>
  Effect.gen(function* () {
    const settings = yield* Settings
    expect(yield* settings.list).toEqual([
      { key: "cluster_name", value: "test" },
      { key: "session_recording", value: "node-sync" },
      { key: "recording_retention", value: "keep" },
      { key: "user_certificate_ttl", value: "12h" },
    ])
    yield* settings.set("session_recording", "node", "alice")
    yield* settings.set("session_recording", "off", "bob")
    expect(yield* settings.sessionRecording).toBe("off")
    expect(yield* settings.get("session_recording")).toBe("off")
    expect(yield* updates).toEqual([
      { user: "bob", key: "session_recording", old: "node", new: "off" },
      { user: "alice", key: "session_recording", old: "node-sync", new: "node" },
    ])
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped.each([
  ["session_recording", "sometimes", "node-sync, node, off"],
  ["session_recording", "", "node-sync, node, off"],
  ["session_recordings", "node", "cluster_name, session_recording, recording_retention, user_certificate_ttl"],
  ["toString", "node", "there is no setting"],
  ["cluster_name", "other", "cannot be changed"],
  ["recording_retention", "forever", "keep (for ever), or a duration"],
  ["recording_retention", "10s", "from 1m to 36500d"],
  ["user_certificate_ttl", "31d", "from 1m to 30d"],
  ["user_certificate_ttl", "59s", "from 1m to 30d"],
  ["user_certificate_ttl", "long", "from 1m to 30d"],
] as const)("refuses %s=%s, says what there is, and changes nothing", ([key, value, said]) =>
  Effect.gen(function* () {
    const settings = yield* Settings
    const before = yield* settings.list
    const error = yield* Effect.flip(settings.set(key, value, "alice"))
    expect(error).toMatchObject({ _tag: "Invalid", message: expect.stringContaining(said) })
    expect(yield* settings.list).toEqual(before)
    expect(yield* updates).toEqual([])
  }).pipe(Effect.provide(layerTestHub())),
)
