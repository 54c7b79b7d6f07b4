import { createHash } from "node:crypto"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Option, Stream } from "effect"
import { channelTerminal } from "../../../src/proxy/agentless/ChannelTerminal.ts"
import type { Terminal } from "../../../src/session/Terminal.ts"
import { HostVerification } from "../../../src/ssh/HostVerification.ts"
import { publicKeyBlob } from "../../../src/ssh/OpenSshKey.ts"
import type { PtyRequest } from "../../../src/ssh/SessionRequest.ts"
import * as SshClient from "../../../src/ssh/SshClient.ts"
import { isAlive, isRoot, throwAwayUser } from "../../agent/terminal/session.ts"
import { dial, hostKey, sshd, userCertificate, userKey, workspace } from "../../ssh/support/workspace.ts"

const pty: PtyRequest = {
  term: "xterm",
  size: { cols: 80, rows: 24, widthPx: 0, heightPx: 0 },
  modes: { VINTR: 3, ECHO: 1, ICANON: 1 },
}

const login = Effect.fn(function* (username = "root") {
  const port = yield* sshd(yield* workspace)
  return yield* SshClient.connect(yield* dial(port), {
    username,
    privateKey: userKey,
    certificate: userCertificate({ principals: [username] }),
    hostVerification: HostVerification.Pinned({ keys: [publicKeyBlob(hostKey)] }),
  })
})

const run = (ssh: SshClient.SshClient, command: string, options: SshClient.SessionOptions = {}) =>
  channelTerminal({ open: ssh.exec(command, options), hasPty: options.pty !== undefined, node: "db-1" })

/** What it wrote, as it comes. */
const watch = Effect.fn(function* (terminal: Terminal) {
  const seen = { output: "", stderr: "" }
  const done = yield* Effect.forkScoped(
    Stream.runForEach(terminal.output, ({ stream, bytes }) =>
      Effect.sync(() => {
        seen[stream] += Buffer.from(bytes).toString()
      }),
    ),
  )
  const shows = (text: string) =>
    Effect.sleep("5 millis").pipe(
      Effect.repeat({ until: () => seen.output.includes(text) }),
      Effect.timeout("10 seconds"),
    )
  return { seen, shows, ended: Fiber.join(done) }
})

const type = (terminal: Terminal, text: string) => terminal.write(Buffer.from(text))

describe("a program behind an SSH channel", () => {
  it.scopedLive("keeps stderr apart, gets its environment, its input and the end of it, and tells its status", () =>
    Effect.gen(function* () {
      const ssh = yield* login()
      const terminal = yield* run(ssh, "echo $FOO $BAR; echo oops >&2; cat; exit 7", { env: { FOO: "foo", BAR: "no" } })
      const { seen, ended } = yield* watch(terminal)
      yield* type(terminal, "typed")
      yield* terminal.endInput
      yield* ended
      expect(seen).toEqual({ output: "foo\ntyped", stderr: "oops\n" })
      expect(yield* terminal.exit).toEqual({ _tag: "Code", code: 7 })
      // What comes late does no harm.
      yield* type(terminal, "late")
      yield* terminal.signal("TERM")
    }),
  )

  it.scopedLive("tells the signal that killed it", () =>
    Effect.gen(function* () {
      const terminal = yield* run(yield* login(), "kill -SEGV $$")
      yield* Stream.runDrain(terminal.output)
      expect(yield* terminal.exit).toEqual({ _tag: "Signal", signal: "SEGV" })
    }),
  )

  it.scopedLive("has a terminal with the client's size and modes, which is resized and interrupted", () =>
    Effect.gen(function* () {
      const command = "stty size; read x; stty size; trap 'echo int' INT; echo ready; while :; do sleep 0.01; done"
      const terminal = yield* run(yield* login(), command, { pty })
      const { shows } = yield* watch(terminal)
      yield* shows("24 80\r\n")
      yield* terminal.resize({ ...pty.size, cols: 133, rows: 37 })
      yield* terminal.endInput
      yield* type(terminal, "\r")
      yield* shows("37 133\r\n")
      yield* shows("ready")
      yield* type(terminal, "\x03")
      yield* shows("int\r\n")
    }),
  )

  it.scopedLive("tells by typing whether its terminal shows it", () =>
    Effect.gen(function* () {
      const { tryTyping, ...terminal } = yield* run(
        yield* login(),
        "stty -echo; echo go; read x; stty echo; echo $x; cat",
        {
          pty,
        },
      )
      const { shows } = yield* watch(terminal)
      const tried = (text: string) => tryTyping?.(Buffer.from(text)) ?? Effect.dieMessage("it can't be tried")
      yield* shows("go")
      expect([yield* tried("s3cret"), yield* terminal.echoes]).toEqual([false, false])
      yield* type(terminal, "\r")
      expect(yield* terminal.echoes).toBe(true)
      yield* shows("s3cret\r\n")
      expect([yield* tried("shown"), yield* terminal.echoes]).toEqual([true, true])
    }),
  )

  it.scopedLive("loses no byte of 30 MB that a slow reader takes, and is held up meanwhile", () =>
    Effect.gen(function* () {
      const terminal = yield* run(yield* login(), "head -c 30000000 /dev/zero | tr '\\0' x")
      const before = process.memoryUsage().arrayBuffers
      const hash = createHash("sha256")
      let batches = 0
      yield* Effect.sleep("300 millis")
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
      yield* Stream.runForEach(terminal.output, ({ bytes }) =>
        Effect.sync(() => {
          batches += 1
          hash.update(bytes)
        }),
      )
      expect(hash.digest("hex")).toBe(createHash("sha256").update(Buffer.alloc(30_000_000, "x")).digest("hex"))
      expect(batches).toBeLessThan(4_000)
      expect(yield* terminal.exit).toEqual({ _tag: "Code", code: 0 })
    }),
  )

  it.scopedLive("fails in words where the connection is lost", () =>
    Effect.gen(function* () {
      const ssh = yield* login()
      const terminal = yield* run(ssh, "kill -9 $PPID; sleep 60")
      yield* Stream.runDrain(terminal.output)
      const { message } = yield* Effect.flip(terminal.exit)
      expect(message).toBe("the connection to db-1 was lost before the program's end was told")
      yield* type(terminal, "into the void")
      const refused = yield* Effect.flip(run(ssh, "true"))
      expect(refused.message).toMatch(/^db-1 did not start it: /)
    }),
  )

  it.scopedLive.skipIf(!isRoot)("ends with its scope, by SIGHUP and then SIGKILL, with a terminal or without", () =>
    Effect.gen(function* () {
      const user = yield* throwAwayUser(["-p", "*"])
      const ssh = yield* login(user)
      for (const options of [{}, { pty }]) {
        const pids = yield* Effect.scoped(
          Effect.gen(function* () {
            const polite = yield* run(
              ssh,
              "echo pid $$; trap 'echo hung up >&2; exit 1' HUP; while :; do sleep 0.01; done",
              options,
            )
            const stubborn = yield* run(ssh, "trap '' HUP; echo pid $$; while :; do sleep 0.01; done", options)
            return yield* Effect.forEach([polite, stubborn], (terminal) =>
              terminal.output.pipe(
                Stream.map(({ bytes }) => /pid (\d+)/.exec(Buffer.from(bytes).toString())?.[1]),
                Stream.filter((pid) => pid !== undefined),
                Stream.runHead,
                Effect.map((pid) => Number(Option.getOrThrow(pid))),
              ),
            )
          }),
        )
        expect(pids.every((pid) => pid > 1)).toBe(true)
        const gone = Effect.sync(() => pids.every((pid) => !isAlive(pid)))
        yield* Effect.repeat(Effect.delay(gone, "5 millis"), { until: (isSo) => isSo }).pipe(
          Effect.timeout(Duration.seconds(10)),
        )
      }
    }),
  )
})
