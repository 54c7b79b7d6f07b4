import { describe, expect, it } from "vitest"
import { matchesDetail } from "../../../src/auth/audit/DetailFilter.ts"
import { auditEvent } from "../../../src/domain/AuditEvent.ts"

const matches = (detail: Record<string, unknown>, program: string | null, path: string | null) =>
  matchesDetail({ id: "", time: "", ...auditEvent("session.disk", { detail }) }, { program, path })

describe("a filter of audit events by program and path", () => {
  const cat = { program: "cat", path: "/etc/shadow" }

  it("takes a program by its name, a path as it is or by its beginning, and both together", () => {
    expect([matches(cat, "cat", null), matches(cat, "ca", null)]).toEqual([true, false])
    expect(["/etc/shadow", "/etc/*", "/etc", "/etc/passwd*"].map((path) => matches(cat, null, path))).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect([matches(cat, "cat", "/etc/*"), matches(cat, "vi", "/etc/*")]).toEqual([true, false])
  })

  it("takes no event that has none", () => {
    expect([matches({ summary: true }, "cat", null), matches({ path: { base64: "/w==" } }, null, "*")]).toEqual([
      false,
      false,
    ])
  })
})
