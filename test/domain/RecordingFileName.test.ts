import { describe, expect, it } from "@effect/vitest"
import { Option } from "effect"
import { SessionId } from "../../src/domain/Identifiers.ts"
import { recordingFileName, sessionOfFileName } from "../../src/domain/RecordingFileName.ts"

describe("the name of a recording's file", () => {
  const sessionId = SessionId.make("a1b2c3d4-e5f6-7890-abcd-ef1234567890")

  it("is the session's id, and gives it back", () => {
    expect(recordingFileName(sessionId)).toBe("a1b2c3d4-e5f6-7890-abcd-ef1234567890.rec")
    expect(sessionOfFileName(recordingFileName(sessionId))).toEqual(Option.some(sessionId))
  })

  it("is no other file's", () => {
    for (const name of [sessionId, "notes.rec", `${sessionId}.rec.tmp`, `../${sessionId}.rec`, ".rec"]) {
      expect(sessionOfFileName(name)).toEqual(Option.none())
    }
  })
})
