import { expect, it } from "vitest"
import type { StoredRecording } from "../e2e/support/StoredRecording.ts"
import { sessionInfo } from "../support/recordings.ts"
import { accountSession, type HubSession } from "./accountSession.ts"
import type { SessionEvidence } from "./ChaosSession.ts"

const command = (mark: string) => `echo ${mark} >>marks\r`

const evidence = (given: Partial<SessionEvidence> = {}, mode: "node-sync" | "off" = "node-sync"): SessionEvidence => ({
  plan: {
    key: "s1",
    pidFile: "",
    markFile: "",
    mode,
    client: "msh",
    terminal: true,
    workload: {
      name: "typed",
      command: undefined,
      prints: undefined,
      echoes: false,
      commandOf: command,
      drive: async () => {},
    },
    startsAtMs: 0,
  },
  shown: Buffer.from("shown to the user"),
  stderr: "",
  code: 255,
  sent: Buffer.from(command("1")),
  executed: ["1"],
  ...given,
})

const stored = (
  given: Partial<StoredRecording> = {},
  status: "completed" | "interrupted" = "interrupted",
): HubSession => ({
  sessionId: sessionInfo.sessionId,
  status,
  recording: {
    header: { info: sessionInfo, deflate: true },
    output: Buffer.from("shown to the user, and more"),
    stderr: Buffer.alloc(0),
    input: Buffer.from(`exit 7; ${command("1")}`),
    resizes: 0,
    end: {
      durationMs: 1,
      status,
      reason: "",
      frames: 1,
      outputBytes: 1,
      inputBytes: 1,
      framesDigest: new Uint8Array(0),
      seekPoints: [],
      keyframes: [],
    },
    ...given,
  },
})

const findings = (one: SessionEvidence, ...found: ReadonlyArray<HubSession>) => accountSession(one, found).findings

it("is content where all that was shown and done is in the one recording", () => {
  expect(accountSession(evidence(), [stored()])).toEqual({ shown: 17, stored: 50, lost: 0, findings: [] })
})

it("counts what was shown and is not stored", () => {
  const account = accountSession(evidence(), [stored({ output: Buffer.from("shown to the us") })])
  expect(account).toMatchObject({ lost: 2, findings: ["2 bytes that were shown are not in the recording"] })
  const other = accountSession(evidence(), [stored({ output: Buffer.from("shown to thE user") })])
  expect(other).toMatchObject({ lost: 6 })
})

it("tells of commands that ran and whose input is not stored", () => {
  expect(findings(evidence({ executed: ["1", "2"] }), stored())).toEqual([
    "commands ran and are not in the recording: 2",
  ])
})

it("tells of a session that has no recording, a broken one, two, or none at the hub", () => {
  expect(findings(evidence())).toEqual(["the hub knows nothing of it"])
  expect(findings(evidence(), { ...stored(), recording: undefined })).toEqual([
    "its recording is not whole (interrupted)",
  ])
  expect(findings(evidence(), stored(), stored())).toEqual(["the hub has 2 sessions of it"])
})

it("tells of a session in mode off that has a recording", () => {
  const off = evidence({}, "off")
  expect(findings(off, { sessionId: "x", status: "unrecorded", recording: undefined })).toEqual([])
  expect(findings(off, stored())).toEqual(["it was not to be recorded, and is interrupted"])
})

it("tells of a session that came to its end and whose client did not get all, or that is marked as cut off", () => {
  expect(findings(evidence({ code: 7 }), stored({}, "completed"))).toEqual([
    "the session came to its end, and not all of its output was shown",
  ])
  expect(findings(evidence({ code: 7 }), stored({ output: Buffer.from("shown to the user") }))).toEqual([
    "it came to its end with 7, and is interrupted",
  ])
})
