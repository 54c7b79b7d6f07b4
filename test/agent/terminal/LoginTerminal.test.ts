import { it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { describe, expect } from "vitest"
import { LoginTerminal } from "../../../src/agent/terminal/LoginTerminal.ts"
import { readText, self } from "./session.ts"

const command = Option.some(`echo "$TERM $LC_TIME $SSH_CLIENT [$MEZITE_SECRET] $MEZITE_SESSION_ID"; tty`)
const connection = { client: { host: "192.0.2.1", port: 4000 }, server: { host: "192.0.2.2", port: 22 } }
const client = { LC_TIME: "C", TERM: "evil" }
const none = { agentSocket: Option.none(), gate: Option.none() }
const request = { user: self, sessionId: "6f1f", client, connection, command, ...none }

describe("LoginTerminal", () => {
  it.scopedLive("gives what the client asked for: a PTY or pipes, and none of the agent's own variables", () =>
    Effect.gen(function* () {
      process.env.MEZITE_SECRET = "leak"
      const size = { cols: 80, rows: 24, widthPx: 0, heightPx: 0 }
      const terminal = Option.some({ term: "vt220", size, modes: { ONLCR: 0 } })
      const withPty = yield* LoginTerminal.open({ ...request, terminal })
      expect(yield* readText(withPty)).toMatch(/^vt220 C 192\.0\.2\.1 4000 22 \[\] 6f1f\n\/dev\/pts\/\d+\n$/)
      const without = yield* LoginTerminal.open({ ...request, terminal: Option.none() })
      expect(yield* readText(without)).toMatch(/^(dumb)? C 192\.0\.2\.1 4000 22 \[\] 6f1f\nnot a tty\n$/)
      delete process.env.MEZITE_SECRET
    }),
  )
})
