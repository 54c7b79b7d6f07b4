import { execFileSync } from "node:child_process"
import { rmSync } from "node:fs"
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { describe, expect } from "vitest"
import { LoginUser } from "../../../src/agent/terminal/LoginUser.ts"
import { Pipes } from "../../../src/agent/terminal/Pipes.ts"
import { Pty } from "../../../src/agent/terminal/Pty.ts"
import { isRoot, optionsFor, readText, throwAwayUser } from "./session.ts"
import { realSshd } from "./sshd.ts"

if (!isRoot) console.log("skipped: only root starts a real sshd and other users' programs")

/** What a session looks like from within; pids and the pts's number differ, and are left out. */
const look = [
  "id",
  "pwd",
  "umask",
  "ulimit -a",
  "mesg",
  `stat -c '%U %G %a' "$(tty)"`,
  "stty -a",
  `test -w "$(tty)" && echo writable`,
  "ls /proc/self/fd",
  "grep -E 'Sig(Blk|Ign)|Cap|NoNewPrivs|Groups|Umask' /proc/self/status",
  `ps -o tpgid=,pgid=,sid=,pid= -p $$ | awk '{ print $1==$2, $2==$3, $3==$4 }'`,
  `tr '\\0' ' ' < /proc/$$/cmdline | cut -c1-8`,
  "env | grep -vE '^(SSH_|_=|SHLVL)' | sort",
  "env | grep -oE '^SSH_[A-Z]*' | sort",
].join("; ")

const connection = { client: { host: "127.0.0.1", port: 5 }, server: { host: "127.0.0.1", port: 6 } }

const newUser = Effect.gen(function* () {
  const name = yield* throwAwayUser(["-p", "*"])
  return yield* LoginUser.find(name)
})

describe("as under a real sshd", () => {
  it.scopedLive.skipIf(!isRoot)("with a PTY: identity, groups, limits, terminal, environment", () =>
    Effect.gen(function* () {
      const sshd = yield* realSshd
      const user = yield* newUser
      const size = { cols: 0, rows: 0, widthPx: 0, heightPx: 0 }
      const terminal = yield* Pty.open({ ...optionsFor(user, look, { connection }), size })
      const ours = yield* readText(terminal)
      expect(ours).toContain(`groups=${user.gid}(${user.name}),`)
      expect(ours).toContain(`${user.name} tty 620`)
      expect(ours).toBe(sshd.run(user.name, ["-tt"], look))
    }),
  )

  it.scopedLive.skipIf(!isRoot)("without a PTY: identity, groups, limits, environment", () =>
    Effect.gen(function* () {
      const sshd = yield* realSshd
      const user = yield* newUser
      const command =
        "id; pwd; umask; ulimit -a; ls /proc/self/fd; tty; shopt login_shell; grep Groups /proc/self/status"
      const program = optionsFor(user, command, { connection })
      const terminal = yield* Pipes.open(program)
      expect(yield* readText(terminal)).toBe(sshd.run(user.name, ["-T"], command))
    }),
  )

  it.scopedLive.skipIf(!isRoot)("a home that is gone: a warning, and /", () =>
    Effect.gen(function* () {
      const user = yield* newUser
      rmSync(user.home, { recursive: true })
      const text = yield* readText(yield* Pty.open(optionsFor(user, "pwd")))
      expect(text).toBe(`Could not chdir to home directory ${user.home}: No such file or directory\r\n/\r\n`)
    }),
  )

  it.scopedLive.skipIf(!isRoot)("a user may not reach the agent's, or another session's, descriptors", () =>
    Effect.gen(function* () {
      const user = yield* newUser
      const first = yield* Pty.open(optionsFor(user, "sleep 30"))
      const outsider = execFileSync("ls", ["-l", "/proc/self/fd"], { encoding: "utf8" })
      expect(outsider).not.toContain("ptmx")
      const second = yield* readText(yield* Pty.open(optionsFor(user, "ls -l /proc/$$/fd")))
      expect(second).toContain("/dev/pts/")
      expect(second).not.toContain("ptmx")
      yield* first.signal("TERM")
    }),
  )

  it.scopedLive.skipIf(!isRoot)("a login shell, on its terminal, with job control", () =>
    Effect.gen(function* () {
      const user = yield* newUser
      const terminal = yield* Pty.open(optionsFor(user))
      const script = [
        "PS1=",
        "shopt -q login_shell && echo is=login",
        "echo name=$0",
        "sleep 40 & jobs | tr -d ' '; kill %1; wait 2>/dev/null",
        'echo size=$(stty size) term=$TERM tty=$([ "$(tty)" = "$SSH_TTY" ] && echo same)',
        "exit 7",
      ]
      yield* terminal.write(Buffer.from(`${script.join("\n")}\n`))
      const text = yield* readText(terminal)
      for (const line of ["is=login", "name=-bash", "[1]+Runningsleep40&", "size=24 80 term=xterm tty=same"]) {
        expect(text).toContain(`${line}\r\n`)
      }
      expect(text).not.toContain("no job control")
      expect(yield* terminal.exit).toEqual({ _tag: "Code", code: 7 })
    }),
  )
})
