import { execFileSync } from "node:child_process"
import { userInfo } from "node:os"

/** An account of this machine. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly home: string
  readonly remove: () => void
}

/** A new account where the tests run as root, else whoever runs them. */
export const account = (): Account => {
  const { username, uid, homedir } = userInfo()
  if (uid !== 0) return { name: username, uid, home: homedir, remove: () => undefined }
  const name = `mezt${process.pid.toString(36)}${Math.random().toString(36).slice(2, 8)}`
  execFileSync("useradd", ["-m", "-s", "/bin/bash", name], { stdio: "ignore" })
  const [, , id = "", , , home = ""] = execFileSync("getent", ["passwd", name], { encoding: "utf8" }).split(":")
  return {
    name,
    uid: Number(id),
    home,
    remove: () => execFileSync("userdel", ["-r", "-f", name], { stdio: "ignore" }),
  }
}
