import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { layer } from "@effect/vitest"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect } from "vitest"
import { LoginUser } from "../../../src/agent/terminal/LoginUser.ts"
import type { ConnectionAsked } from "../../../src/domain/ConnectionEvent.ts"
import { resultName } from "../../../src/domain/ErrorName.ts"
import { openFlagsText } from "../../../src/domain/OpenFlags.ts"
import { addressText, protocolName } from "../../../src/domain/SocketAddress.ts"
import { until } from "../../e2e/support/until.ts"
import { compileStatic, noProbe } from "../../support/builtProbe.ts"
import { throwAwayUser } from "../terminal/session.ts"
import { enhancedRecording, openedPaths, type Recorded, told, watched } from "./support/watched.ts"

let directory = ""
const odd = () => join(directory, "odd")

beforeAll(() => {
  if (noProbe !== undefined) return
  directory = mkdtempSync(join(tmpdir(), "mezite-odd-"))
  compileStatic(readFileSync("fixtures/enhanced/odd.c", "utf8"), odd())
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1")

/** Without the one that the C library makes by itself. */
const asked = ({ connections }: Recorded): ReadonlyArray<ConnectionAsked> =>
  connections.flatMap((event) => (event._tag === "Asked" && !latin1(event.address).includes("nscd") ? [event] : []))

/** `udp 127.0.0.1 9 connect ok` */
const spelt = (event: ConnectionAsked): string =>
  [protocolName(event), addressText(event), event.port, event.way, resultName(event.error ?? 0)].join(" ")

/** The opens of one path, or of one that ends so. */
const opens = ({ files }: Recorded, end: string): ReadonlyArray<string> =>
  files
    .filter(({ path }) => latin1(path).endsWith(end))
    .map(({ path, flags, error }) => `${latin1(path)} ${openFlagsText(flags)} ${resultName(error)}`)

describe.skipIf(noProbe !== undefined)("enhanced recording sees", () => {
  layer(enhancedRecording, { excludeTestServices: true })((it) => {
    it.effect("what a file was opened for, and why it could not be", () =>
      Effect.gen(function* () {
        const login = yield* throwAwayUser()
        const user = yield* LoginUser.find(login)
        const recorded = yield* watched(`cd /etc; cat shadow ../nowhere; echo x >> /tmp/${login}; rm /tmp/${login}`, {
          user,
        })
        expect(opens(recorded, "shadow")).toEqual(["/etc/shadow O_RDONLY EACCES"])
        expect(opens(recorded, "nowhere")).toEqual(["/etc/../nowhere O_RDONLY ENOENT"])
        expect(opens(recorded, `/tmp/${login}`)).toEqual([`/tmp/${login} O_WRONLY|O_CREAT|O_APPEND ok`])
        const [shell] = recorded.commands
        expect(shell).toMatchObject({ uid: user.uid, effectiveUid: user.uid })
        expect(shell?._tag === "Started" && latin1(shell.directory)).toBe(user.home)
      }).pipe(Effect.scoped),
    )

    it.effect("commands that could not be started, and arguments and paths that are no UTF-8", () =>
      Effect.gen(function* () {
        const raw = Buffer.from([0x66, 0xff, 0xfe])
        const file = Buffer.concat([Buffer.from(`${directory}/`), raw])
        writeFileSync(file, "")
        const recorded = yield* watched(`${directory}/no-such-program; cat "$(printf '${directory}/f\\377\\376')"`)
        const refused = recorded.commands.flatMap((event) =>
          event._tag === "Refused" ? [`${latin1(event.file)} ${resultName(event.error)}`] : [],
        )
        expect(refused).toEqual([`${directory}/no-such-program ENOENT`])
        expect(openedPaths(recorded)).toContain(file.toString("latin1"))
        const argument = recorded.commands.some(
          (event) => event._tag === "Started" && latin1(event.arguments) === `cat\0${file.toString("latin1")}\0`,
        )
        expect(argument).toBe(true)
      }),
    )

    it.effect("what 32-bit programs and io_uring do, of the latter that they did", () =>
      Effect.gen(function* () {
        const file = join(directory, "narrow")
        writeFileSync(file, "")
        const recorded = yield* watched(
          `${odd()} narrow-open ${file}; ${odd()} narrow-connect 4007; ${odd()} uring /etc/hosts; echo $?`,
        )
        expect(opens(recorded, "narrow")).toEqual([`${file} O_RDONLY ok`])
        expect(asked(recorded).map(spelt)).toEqual(["udp 127.0.0.1 4007 connect ok"])
        // 77: this kernel has no io_uring for us.
        if (recorded.output !== "77\n")
          expect(recorded.files.filter(({ unseen }) => unseen)).toMatchObject([{ name: "odd" }])
      }),
    )

    it.effect("what a file was opened for, also where another thread takes back what it asked for", () =>
      Effect.gen(function* () {
        const fifo = join(directory, "fifo")
        const recorded = yield* watched(`mkfifo ${fifo}; ${odd()} take-back ${fifo}`)
        expect([...opens(recorded, "fifo")].sort()).toEqual([`${fifo} O_RDONLY ok`, `${fifo} O_WRONLY ok`])
      }),
    )

    it.effect(
      "datagrams once for each address, sockets of this machine, who is let in, and who cannot be reached",
      () =>
        Effect.gen(function* () {
          const socket = join(directory, "socket")
          const server = createServer().listen(socket)
          const python = [
            "import socket",
            `socket.socket(socket.AF_UNIX).connect("${socket}")`,
            'listener = socket.create_server(("127.0.0.1", 4011))',
            'client = socket.create_connection(("127.0.0.1", 4011))',
            "accepted = listener.accept()[0]",
            's = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.connect(("::1", 4012))',
            'print(socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect_ex(("240.0.0.1", 1)))',
          ].join("; ")
          const recorded = yield* watched(
            `${odd()} datagrams 4000; ${odd()} raw-tcp 4020; /usr/bin/python3 -c '${python}'`,
          )
          server.close()
          const [first, ...others] = asked(recorded).map(spelt)
          expect([first, ...others].slice(0, 3)).toEqual(
            [4000, 4001, 4002].map((port) => `udp 127.0.0.1 ${port} datagram ok`),
          )
          expect(others).toContain("tcp 127.0.0.1 4020 datagram ok")
          expect(others).toContain(`unix ${socket} 0 connect ok`)
          expect(others).toContain("tcp 127.0.0.1 4011 connect ok")
          expect(others.filter((text) => /^tcp 127\.0\.0\.1 \d+ accept ok$/.test(text))).toHaveLength(1)
          expect(others).toContain("udp ::1 4012 connect ok")
          const unreachable = asked(recorded).find(({ port }) => port === 1)
          const outcome = recorded.connections.find(
            (event) => event._tag === "Outcome" && event.number === unreachable?.number,
          )
          expect(`${(outcome ?? unreachable)?.error}\n`).toBe(recorded.output)
        }),
    )

    it.effect("for the audit log also what a session leaves behind", () =>
      Effect.gen(function* () {
        const sessionId = "00000000-0000-4000-8000-000000000001"
        const fifo = join(directory, "left")
        yield* watched(
          `mkfifo ${fifo}; (setsid sh -c 'cat ${fifo}; /bin/true after the end' > /dev/null 2>&1 &); exit 3`,
          { sessionId },
        )
        const details = () => told.filter((event) => event.session_id === sessionId).map(({ detail }) => detail)
        expect(details().find(({ argv }) => `${argv}`.startsWith("sh,-c"))).toMatchObject({
          program: "dash",
          path: "/usr/bin/dash",
          status: "exited",
          exit_code: 3,
          argv_truncated: false,
        })
        writeFileSync(fifo, "")
        const left = yield* Effect.promise(() =>
          until("the command that was left", () =>
            details().find(({ argv }) => `${argv}` === "/bin/true,after,the,end"),
          ),
        )
        expect(left).toMatchObject({ after_end: true, exit_code: 0 })
      }),
    )
  })
})
