import { it } from "@effect/vitest"
import { Either, FastCheck, Option } from "effect"
import { describe, expect } from "vitest"
import type { ClusterInfo } from "../../src/api/PublicRpcs.ts"
import { EscapeKeys } from "../../src/cli/msh/EscapeKeys.ts"
import { sshDestination } from "../../src/cli/msh/SshDestination.ts"
import { Login } from "../../src/domain/Identifiers.ts"

const typed = (...chunks: ReadonlyArray<string>): string => {
  const keys = new EscapeKeys()
  return chunks
    .flatMap((chunk) => keys.read(Buffer.from(chunk)))
    .map((item) => (item._tag === "Send" ? Buffer.from(item.bytes).toString() : `<${item.command}>`))
    .join("")
}

describe("EscapeKeys", () => {
  it.each([
    ["~.", "<disconnect>"],
    ["ls\r~.", "ls\r<disconnect>"],
    ["~\x1a", "<suspend>"],
    ["~?x", "<help>x"],
    ["~~.", "~."],
    ["a~.", "a~."],
    ["~x", "~x"],
    ["\r~", "\r"],
  ])("%j", (input, output) => {
    expect(typed(input)).toBe(output)
    expect(typed(...input)).toBe(output)
  })

  it.prop("leaves all other typing as it is", [FastCheck.string().filter((text) => !text.includes("~"))], ([text]) => {
    expect(typed(text)).toBe(text)
  })
})

const credentials = (...logins: ReadonlyArray<string>) => ({
  cluster: { cluster: "mezite" } as ClusterInfo,
  logins: logins.map((login) => Login.make(login)),
})

const destination = (text: string, login: Option.Option<string>, ...logins: ReadonlyArray<string>) =>
  Either.match(sshDestination(text, login, credentials(...logins)), {
    onLeft: ({ message }) => message,
    onRight: ({ login, node }) => `${login} on ${node}`,
  })

describe("sshDestination", () => {
  it.each([
    ["deploy@web-1", Option.none<string>(), "deploy on web-1"],
    ["deploy@web-1.mezite", Option.some("root"), "deploy on web-1"],
    ["web-1", Option.some("ops"), "ops on web-1"],
    ["web-1.eu.mezite", Option.none<string>(), "only on web-1.eu"],
  ])("%s", (text, login, expected) => {
    expect(destination(text, login, "only")).toBe(expected)
  })

  it("asks which login where there are several", () => {
    expect(destination("web-1", Option.none(), "one-x", "two-x")).toContain("one of one-x, two-x")
    expect(destination("root@", Option.none(), "root")).toContain("names no node")
  })
})
