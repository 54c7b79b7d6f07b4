import { expect, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { makeSessionClaims } from "../../../src/auth/ingest/SessionClaims.ts"
import { NodeId, SessionId } from "../../../src/domain/Identifiers.ts"

it.scoped("a newer stream that takes over from an older is told in the log", () =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const log = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ logLevel, message }) => void lines.push(`${logLevel.label} ${message}`)),
    )
    const { claim } = makeSessionClaims()
    const sessionId = SessionId.make("6f6b9d8e-4b57-4f5b-9a51-0d8a3c6f2b11")
    const node = NodeId.make("0c7f4f5e-7b0b-4f0e-8b42-3f7b3c1d9a22")
    const older = yield* Effect.fork(Effect.scoped(Effect.flatten(claim(sessionId, node))))
    yield* Effect.yieldNow()
    yield* Effect.provide(claim(sessionId, node), log)
    expect(yield* Effect.flip(older)).toMatchObject({ reason: "superseded" })
    expect(lines).toEqual([`WARN session ${sessionId}: a newer stream of its node takes over from the older`])
  }),
)
