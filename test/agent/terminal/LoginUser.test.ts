import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { describe, expect } from "vitest"
import { LoginUser } from "../../../src/agent/terminal/LoginUser.ts"
import { temporaryFolder } from "../../auth/support/TestHub.ts"
import { isRoot, self, throwAwayUser } from "./session.ts"

if (!isRoot) console.log("skipped: accounts are made and removed by root only")

const refusal = (login: string) => Effect.flip(LoginUser.find(login))

describe("LoginUser", () => {
  it.live("finds whoever runs the agent", () =>
    Effect.gen(function* () {
      const user = yield* LoginUser.find(self.name)
      expect(user).toMatchObject({ name: self.name, uid: self.uid, gid: self.gid, home: self.home })
    }),
  )

  it.live("says that an account is unknown, also for what is no name at all", () =>
    Effect.gen(function* () {
      for (const login of [
        "no-such-account",
        "",
        "-s",
        "--help",
        "a:b",
        "../x",
        "a b",
        "x\0y",
        "0",
        "x".repeat(9999),
      ]) {
        expect(yield* refusal(login)).toMatchObject({ _tag: "LoginUserError", reason: "unknown" })
      }
    }),
  )

  it.live.skipIf(!isRoot)("refuses an account whose shell refuses", () =>
    Effect.gen(function* () {
      const error = yield* refusal("daemon")
      expect(error).toMatchObject({ reason: "forbidden", login: "daemon" })
      expect(error.message).toContain("/usr/sbin/nologin")
    }),
  )

  it.scopedLive.skipIf(!isRoot)("lets root alone in while /etc/nologin is there, and says what is in it", () =>
    Effect.gen(function* () {
      const name = yield* throwAwayUser()
      const file = join(yield* temporaryFolder, "nologin")
      expect(yield* LoginUser.find(name, file)).toMatchObject({ name })
      writeFileSync(file, "Maintenance until noon.\n\x1b[2JAsk the desk.\n")
      expect(yield* Effect.flip(LoginUser.find(name, file))).toMatchObject({
        reason: "forbidden",
        message: "Maintenance until noon. [2JAsk the desk.",
      })
      writeFileSync(file, "")
      expect((yield* Effect.flip(LoginUser.find(name, file))).message).toBe("logins are closed on this machine")
      expect(yield* LoginUser.find("root", file)).toMatchObject({ uid: 0 })
    }),
  )

  it.scopedLive.skipIf(!isRoot)("finds a new account, and refuses it once it has expired or lost its shell", () =>
    Effect.gen(function* () {
      const name = yield* throwAwayUser()
      expect(yield* LoginUser.find(name)).toMatchObject({ name, home: `/home/${name}`, shell: "/bin/bash" })
      execFileSync("usermod", ["-s", "/opt/none/sh", name], { stdio: "ignore" })
      expect(yield* refusal(name)).toMatchObject({ reason: "shell-missing" })
      execFileSync("usermod", ["-s", "/etc/passwd", name], { stdio: "ignore" })
      expect(yield* refusal(name)).toMatchObject({ reason: "shell-missing" })
      execFileSync("usermod", ["-s", "/bin/sh", "-e", "2020-01-01", name], { stdio: "ignore" })
      expect(yield* refusal(name)).toMatchObject({ reason: "forbidden" })
    }),
  )
})
