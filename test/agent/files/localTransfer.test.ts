import { describe, expect, it } from "@effect/vitest"
import { Option } from "effect"
import { localTransfer } from "../../../src/agent/files/localTransfer.ts"
import { SessionKind } from "../../../src/ssh/SessionRequest.ts"

const find = (name: string) => Option.some(`/system/${name}`)
const kinds = [SessionKind.Subsystem({ name: "sftp" }), SessionKind.Exec({ command: "scp -t ~/x" })]

const ofLogin = (shell: string) =>
  kinds.map((kind) => localTransfer({ kind, pty: Option.none() }, { home: "/home/alice", shell }, find))

describe("a login's file transfer", () => {
  it("runs the system's programs, in the login's home", () => {
    expect(ofLogin("/bin/bash").map(Option.getOrUndefined)).toMatchObject([
      { _tag: "Sftp", program: "/system/sftp-server" },
      { _tag: "Scp", program: "/system/scp", paths: ["/home/alice/x"] },
    ])
  })

  it.each(["/bin/rbash", "/usr/bin/git-shell", "/usr/local/bin/menu"])("is none for a login with %s", (shell) => {
    expect(ofLogin(shell)).toEqual([Option.none(), Option.none()])
  })
})
