import { randomBytes } from "node:crypto"
import { existsSync, readdirSync } from "node:fs"
import { it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Ref, Schedule, Scope, Stream } from "effect"
import { describe, expect } from "vitest"
import { sessionMark } from "../../../src/agent/terminal/internal/sessionMark.ts"
import { Pty } from "../../../src/agent/terminal/Pty.ts"
import type { Terminal } from "../../../src/session/Terminal.ts"
import { isAlive, optionsFor, readAll, readText, self } from "./session.ts"

/** What was written so far, read on in the background. */
const follow = (terminal: Terminal) =>
  Effect.gen(function* () {
    const seen = yield* Ref.make("")
    const reader = yield* Stream.runForEach(terminal.output, ({ bytes }) =>
      Ref.update(seen, (text) => text + Buffer.from(bytes).toString("latin1")),
    ).pipe(Effect.fork)
    const shows = (text: string) =>
      Ref.get(seen).pipe(
        Effect.repeat({ until: (now) => now.includes(text), schedule: Schedule.spaced("5 millis") }),
        Effect.timeoutFail({ duration: "10 seconds", onTimeout: () => new Error(`never showed ${text}`) }),
      )
    return { seen, shows, ended: Fiber.join(reader) }
  })

const becomes = (terminal: Terminal, wanted: boolean) =>
  terminal.echoes.pipe(
    Effect.repeat({ until: (echoes) => echoes === wanted, schedule: Schedule.spaced("5 millis") }),
    Effect.timeoutFail({ duration: "10 seconds", onTimeout: () => new Error(`echo never became ${wanted}`) }),
  )

const line = (text: string) => Buffer.from(`${text}\n`)

describe("Pty", () => {
  it.scopedLive("tells how the program ended", () =>
    Effect.gen(function* () {
      const endings: ReadonlyArray<readonly [string, unknown]> = [
        ["exit 3", { _tag: "Code", code: 3 }],
        ["kill -SEGV $$", { _tag: "Signal", signal: "SEGV" }],
        ["kill -KILL $$", { _tag: "Signal", signal: "KILL" }],
        ["/no/such/program", { _tag: "Code", code: 127 }],
      ]
      for (const [command, exit] of endings) {
        const terminal = yield* Pty.open(optionsFor(self, command))
        yield* readAll(terminal)
        expect(yield* terminal.exit).toEqual(exit)
      }
    }),
  )

  it.scopedLive("says which shell is missing", () =>
    Effect.gen(function* () {
      const terminal = yield* Pty.open(optionsFor({ ...self, shell: "/no/such/shell" }))
      expect(yield* readText(terminal)).toBe("/no/such/shell: No such file or directory\r\n")
      expect(yield* terminal.exit).toEqual({ _tag: "Code", code: 127 })
    }),
  )

  it.scopedLive("fails, and does not throw, where a command cannot be passed on", () =>
    Effect.gen(function* () {
      for (const command of ["a\0b", `: ${"x".repeat(3_000_000)}`]) {
        const exit = yield* Effect.flip(Pty.open(optionsFor(self, command)))
        expect(exit).toMatchObject({ _tag: "TerminalError" })
      }
    }),
  )

  it.scopedLive("sets the size, also in pixels, and tells the program of a new one", () =>
    Effect.gen(function* () {
      const script = `trap 'stty size; exit 0' WINCH; stty size; while :; do sleep 0.01; done`
      const terminal = yield* Pty.open(optionsFor(self, script))
      const screen = yield* follow(terminal)
      yield* screen.shows("24 80\r\n")
      yield* terminal.resize({ cols: 132, rows: 50, widthPx: 1320, heightPx: 70_000 })
      yield* screen.shows("50 132\r\n")
      yield* screen.ended
      yield* terminal.resize({ cols: 1, rows: 1, widthPx: 0, heightPx: 0 })
    }),
  )

  it.scopedLive("sets the client's terminal modes", () =>
    Effect.gen(function* () {
      const modes = { IUTF8: 1, VINTR: 1, ECHOCTL: 0, VEOL: 255, NONSENSE: 1 }
      const text = yield* readText(yield* Pty.open({ ...optionsFor(self, "stty -a"), modes }))
      for (const mode of [" iutf8", "intr = ^A;", "-echoctl", "eol = <undef>;"]) expect(text).toContain(mode)
    }),
  )

  it.scopedLive("knows when typing is not shown", () =>
    Effect.gen(function* () {
      const terminal = yield* Pty.open(
        optionsFor(self, "read -s secret; stty raw; sleep 0.2; stty sane; echo got=$secret"),
      )
      const screen = yield* follow(terminal)
      yield* becomes(terminal, false)
      yield* terminal.write(line("hunter2"))
      yield* becomes(terminal, true)
      yield* screen.shows("got=hunter2")
      expect((yield* Ref.get(screen.seen)).split("hunter2").length).toBe(2)
    }),
  )

  it.scopedLive("knows it also where a program passes typing on to a terminal of its own, and one in that", () =>
    Effect.gen(function* () {
      const inner = "script -qc 'read -s secret; echo got=$secret; sleep 20' /dev/null"
      for (const command of [inner, `true; ${inner}; true`, `script -qc "${inner.replaceAll("$", "\\$")}" /dev/null`]) {
        const terminal = yield* Pty.open(optionsFor(self, command, { system: { SHELL: "/bin/bash" } }))
        const screen = yield* follow(terminal)
        yield* becomes(terminal, false)
        yield* terminal.write(line("hunter2"))
        yield* screen.shows("got=hunter2")
        yield* becomes(terminal, true)
        expect((yield* Ref.get(screen.seen)).split("hunter2").length).toBe(2)
      }
    }),
  )

  it.scopedLive("answers about the echo in microseconds, at a shell's raw prompt too", () =>
    Effect.gen(function* () {
      const terminal = yield* Pty.open(optionsFor(self, "sleep 20"))
      const shell = yield* Pty.open(optionsFor(self))
      const screen = yield* follow(shell)
      yield* shell.write(line("PS1=rea''dy'> '"))
      yield* screen.shows("ready> ")
      for (const [one, most] of [
        [terminal, 0.2],
        [shell, 0.6],
      ] as const) {
        const started = performance.now()
        for (let count = 0; count < 1000; count++) yield* one.echoes
        const each = (performance.now() - started) / 1000
        expect(each).toBeLessThan(most)
      }
    }),
  )

  it.scopedLive("sends signals to the foreground, not to the shell", () =>
    Effect.gen(function* () {
      const terminal = yield* Pty.open(optionsFor(self))
      const screen = yield* follow(terminal)
      yield* terminal.write(line("PS1=; sh -c 'echo r''eady; exec sleep 40'; echo st=$?"))
      yield* screen.shows("ready")
      yield* terminal.signal("NONSENSE")
      yield* terminal.signal("TERM")
      yield* screen.shows("st=143")
      yield* terminal.write(line("exit 6"))
      yield* screen.ended
      expect(yield* terminal.exit).toEqual({ _tag: "Code", code: 6 })
      yield* terminal.signal("KILL")
      yield* terminal.write(line("nobody reads this"))
    }),
  )

  it.scopedLive("takes a megabyte of input whole, at the program's pace", () =>
    Effect.gen(function* () {
      const input = randomBytes(1_000_000)
      const script = "stty raw -echo; echo ready; head -c 1000000 | sha256sum"
      const terminal = yield* Pty.open(optionsFor(self, script))
      const screen = yield* follow(terminal)
      yield* screen.shows("ready")
      yield* terminal.write(input)
      yield* screen.ended
      const digest = yield* Effect.promise(() => crypto.subtle.digest("SHA-256", input))
      expect(yield* Ref.get(screen.seen)).toContain(Buffer.from(new Uint8Array(digest)).toString("hex"))
    }),
  )

  it.scopedLive("gives back a megabyte that cat echoes", () =>
    Effect.gen(function* () {
      const input = randomBytes(1_000_000)
      const terminal = yield* Pty.open(optionsFor(self, "stty raw -echo; printf R; exec head -c 1000000"))
      const bytes = yield* Effect.fork(readAll(terminal))
      yield* becomes(terminal, true)
      yield* Effect.sleep("100 millis")
      for (let from = 0; from < input.length; from += 7919) yield* terminal.write(input.subarray(from, from + 7919))
      expect((yield* Fiber.join(bytes)).equals(Buffer.concat([Buffer.from("R"), input]))).toBe(true)
    }),
  )

  it.scopedLive("slows its writer down while the program does not read", () =>
    Effect.gen(function* () {
      const terminal = yield* Pty.open(
        optionsFor(self, "stty raw -echo; echo ready; sleep 1; exec head -c 300000 >/dev/null"),
      )
      const screen = yield* follow(terminal)
      yield* screen.shows("ready")
      const started = performance.now()
      const cpu = process.cpuUsage()
      yield* terminal.write(Buffer.alloc(300_000, 120))
      expect(performance.now() - started).toBeGreaterThan(500)
      const { user, system } = process.cpuUsage(cpu)
      // It waits; it does not try again and again.
      expect((user + system) / 1000).toBeLessThan(500)
      yield* screen.ended
    }),
  )

  it.live("ends every process group of the session when its scope closes, but no daemon", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const options = { ...optionsFor(self), killGrace: Duration.millis(100) }
      const terminal = yield* Pty.open(options).pipe(Scope.extend(scope))
      const screen = yield* follow(terminal)
      const script = [
        "PS1=; trap '' HUP",
        "(trap '' HUP TERM; while :; do sleep 1; done) & stubborn=$!",
        "sleep 41 & plain=$!; kill -STOP $plain",
        "setsid sh -c 'echo $$ >&3; exec sleep 42 3>&-' 3>&1 >/dev/null </dev/null 2>&1 | { read daemon; echo pids=$$,$stubborn,$plain,$daemon,; }",
      ]
      yield* terminal.write(line(script.join("\n")))
      yield* screen.shows(",\r\n")
      const pids = /pids=([\d,]+),\r/.exec(yield* Ref.get(screen.seen))?.[1] ?? ""
      const [shell = 0, stubborn = 0, plain = 0, daemon = 0] = pids.split(",").map(Number)
      expect([shell, stubborn, plain, daemon].map(isAlive)).toEqual([true, true, true, true])
      yield* Scope.close(scope, Exit.void)
      expect([shell, stubborn, plain].map(isAlive)).toEqual([false, false, false])
      expect(isAlive(daemon)).toBe(true)
      process.kill(daemon, "SIGKILL")
      expect(yield* terminal.exit).toEqual({ _tag: "Signal", signal: "KILL" })
    }),
  )

  it.live("ends also what left the session where it is cut off, but not what other sessions left", () =>
    Effect.gen(function* () {
      const mark = (id: string) => ({
        environment: { ...optionsFor(self).environment, MEZITE_SESSION_ID: id },
        mark: sessionMark(id),
      })
      const open = (id: string, scope: Scope.Scope) =>
        Pty.open({ ...optionsFor(self), ...mark(id), killGrace: Duration.millis(100) }).pipe(Scope.extend(scope))
      const [scope, other] = [yield* Scope.make(), yield* Scope.make()]
      const start = "setsid -f sh -c 'trap \"\" HUP; echo pid=$$,; sleep 43; :'; "
      const hidden = "setsid -f sh -c 'env -i setsid sh -c \"echo pid=\\$\\$,; sleep 44; :\"; :'; "
      const pidsOf = Effect.fnUntraced(function* (id: string, into: Scope.Scope, commands: ReadonlyArray<string>) {
        const terminal = yield* open(id, into)
        const screen = yield* follow(terminal)
        yield* terminal.write(line(`PS1=; stty -echo; cd /tmp; ${commands.join("")}`))
        const seen = Effect.map(Ref.get(screen.seen), (text) =>
          [...text.matchAll(/pid=(\d+),/g)].map(([, pid]) => Number(pid)),
        )
        return yield* Effect.repeat(Effect.delay(seen, "10 millis"), {
          until: (pids) => pids.length === commands.length,
        })
      })
      // Its parent is gone, and its environment says nothing: only the kernel's audit knows whose it is.
      const stray = "env -i setsid -f sh -c 'trap \"\" HUP; echo pid=$$,; sleep 45; :'; "
      const strays = existsSync("/proc/self/loginuid") ? [stray] : []
      const ours = yield* pidsOf("one", scope, [start, hidden, ...strays])
      const theirs = yield* pidsOf("two", other, [start, ...strays])
      expect([...ours, ...theirs].every(isAlive)).toBe(true)
      yield* Scope.close(scope, Exit.fail("the recording is lost"))
      expect([ours.some(isAlive), theirs.every(isAlive)]).toEqual([false, true])
      yield* Scope.close(other, Exit.fail("the recording is lost"))
      expect(theirs.some(isAlive)).toBe(false)
    }),
  )

  it.live("leaves no descriptor behind", () =>
    Effect.gen(function* () {
      const descriptors = () => readdirSync("/proc/self/fd").length
      yield* Effect.scoped(Effect.flatMap(Pty.open(optionsFor(self, "true")), readAll))
      const before = descriptors()
      for (let count = 0; count < 10; count++) {
        yield* Effect.scoped(Effect.flatMap(Pty.open(optionsFor(self, "true")), readAll))
        yield* Effect.scoped(Pty.open(optionsFor(self, "sleep 20")))
        yield* Effect.scoped(Effect.ignore(Pty.open(optionsFor(self, "a\0b"))))
      }
      expect(descriptors()).toBeLessThanOrEqual(before)
    }),
  )
})
