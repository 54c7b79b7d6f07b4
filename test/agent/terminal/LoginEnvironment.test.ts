import { describe, expect, it } from "vitest"
import { loginEnvironment } from "../../../src/agent/terminal/LoginEnvironment.ts"

const user = { name: "ann", uid: 1000, gid: 1000, home: "/home/ann", shell: "/bin/zsh" }
const none = { user, system: {}, client: {} }

describe("loginEnvironment", () => {
  it("is what Debian's sshd gives, and nothing of the agent's own", () => {
    process.env.MEZITE_TEST_SECRET = "leak"
    expect(loginEnvironment(none)).toEqual({
      PATH: "/usr/local/bin:/usr/bin:/bin:/usr/games",
      MAIL: "/var/mail/ann",
      USER: "ann",
      LOGNAME: "ann",
      HOME: "/home/ann",
      SHELL: "/bin/zsh",
    })
    delete process.env.MEZITE_TEST_SECRET
  })

  it("gives root the superuser's path", () => {
    const root = { name: "root", uid: 0, gid: 0, home: "/root", shell: "/bin/bash" }
    expect(loginEnvironment({ ...none, user: root }).PATH).toBe(
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    )
  })

  it("takes the client's locale and nothing else of it", () => {
    const client = {
      LANG: "de_DE.UTF-8",
      LC_TIME: "C",
      LD_PRELOAD: "/tmp/evil.so",
      PATH: "/tmp",
      LC_: "x",
      "LC_A=B": "x",
      LC_ALL: "a\0b",
      LC_NAME: "x".repeat(1025),
      MEZITE_RECORDING_MODE: "off",
    }
    const environment = loginEnvironment({ ...none, client })
    expect(environment).toMatchObject({ LANG: "de_DE.UTF-8", LC_TIME: "C" })
    expect(Object.keys(environment).sort()).toEqual(
      ["HOME", "LANG", "LC_TIME", "LOGNAME", "MAIL", "PATH", "SHELL", "USER"].sort(),
    )
    expect(environment.PATH).not.toBe("/tmp")
  })

  it("takes no more than a few of a flood", () => {
    const client = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`LC_N${index}`, "x"]))
    expect(Object.keys(loginEnvironment({ ...none, client })).length).toBeLessThan(50)
  })

  it("lets the machine's own variables win over the defaults, but not over who the user is", () => {
    const system = { PATH: "/opt/bin:/bin", LANG: "en_GB.UTF-8", HOME: "/tmp", USER: "root" }
    const environment = loginEnvironment({ ...none, system, client: { LANG: "de_DE.UTF-8" } })
    expect(environment).toMatchObject({ PATH: "/opt/bin:/bin", LANG: "en_GB.UTF-8", HOME: "/home/ann", USER: "ann" })
  })

  it("tells the connection as sshd does", () => {
    const connection = { client: { host: "2001:db8::7", port: 50022 }, server: { host: "10.0.0.1", port: 22 } }
    expect(loginEnvironment({ ...none, connection, timeZone: "Europe/Rome" })).toMatchObject({
      SSH_CLIENT: "2001:db8::7 50022 22",
      SSH_CONNECTION: "2001:db8::7 50022 10.0.0.1 22",
      TZ: "Europe/Rome",
    })
  })
})
