import { join } from "node:path"
import { inspect } from "node:util"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { layerSqlite } from "../../../src/auth/database/Database.ts"
import { ClusterKeys, type TlsKeyPair } from "../../../src/auth/keys/ClusterKeys.ts"
import { temporaryFolder } from "../support/TestHub.ts"

const started = <A, E>(path: string, name: Option.Option<string>, use: Effect.Effect<A, E, ClusterKeys>) =>
  Effect.provide(use, Layer.provide(ClusterKeys.layer(name), layerSqlite(path)))

const shown = Effect.map(ClusterKeys, (keys) => ({
  name: keys.clusterName,
  lines: [keys.userCa, keys.hostCa, keys.sshHostKey, ...keys.recordingKeys].map(({ publicLine }) => publicLine),
}))

it.scoped("are made once, different from each other, and the same after a restart", () =>
  Effect.gen(function* () {
    const path = join(yield* temporaryFolder, "db")
    const first = yield* started(path, Option.none(), shown)
    expect(first.name).toBe("mezite")
    expect(new Set(first.lines).size).toBe(4)
    expect(yield* started(path, Option.none(), shown)).toEqual(first)
    expect(yield* started(path, Option.some("mezite"), shown)).toEqual(first)
    const error = yield* Effect.flip(started(path, Option.some("other"), shown))
    expect(error).toMatchObject({ _tag: "ClusterNameMismatch", stored: "mezite", given: "other" })
  }),
)

it.scoped("keep the TLS key that was generated first", () =>
  Effect.gen(function* () {
    const path = join(yield* temporaryFolder, "db")
    const pair = (name: string): TlsKeyPair => ({
      key: Redacted.make(`key ${name}`),
      certificate: `certificate ${name}`,
    })
    const tls = (name: string) =>
      started(
        path,
        Option.none(),
        Effect.flatMap(ClusterKeys, (keys) => keys.tls(Effect.succeed(pair(name)))),
      )
    expect(yield* tls("a")).toEqual(pair("a"))
    expect(yield* tls("b")).toEqual(pair("a"))
  }),
)

it.scoped("don't show their private halves when they are logged or written as JSON", () =>
  Effect.gen(function* () {
    const path = join(yield* temporaryFolder, "db")
    const keys = yield* started(path, Option.none(), ClusterKeys)
    const pem = Redacted.value(keys.userCa.privateKey).export({ type: "pkcs8", format: "pem" }).toString()
    const secret = pem.split("\n")[1] ?? ""
    const text = inspect(keys, { depth: 9 }) + JSON.stringify(keys) + String(keys.userCa.privateKey)
    expect(secret.length).toBeGreaterThan(40)
    expect(text).not.toContain(secret.slice(-32))
    expect(text).toContain("redacted")
  }),
)
