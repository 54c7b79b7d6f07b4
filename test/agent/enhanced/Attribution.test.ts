import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { layer } from "@effect/vitest"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect } from "vitest"
import { compileStatic, noProbe } from "../../support/builtProbe.ts"
import { disguises } from "./support/disguises.ts"
import { commandLines, enhancedRecording, openedPaths, type Recorded, watched } from "./support/watched.ts"

let directory = ""
const servers: Array<Server> = []

const listen = (): Promise<number> =>
  new Promise((resume) => {
    const server = createServer((socket) => socket.destroy())
    servers.push(server)
    server.listen(0, "127.0.0.1", () => resume((server.address() as { port: number }).port))
  })

/** The port of each connection to 127.0.0.1 that was asked for, and what became of it. */
const connected = ({ connections }: Recorded): ReadonlyArray<string> =>
  connections.flatMap((asked) => {
    if (asked._tag !== "Asked" || asked.address.join(".") !== "127.0.0.1") return []
    const outcome = connections.find((event) => event._tag === "Outcome" && event.number === asked.number)
    return [`${asked.port} ${outcome?.error ?? asked.error}`]
  })

const exitOf = ({ commands }: Recorded, path: string): unknown => {
  const started = commands.find((event) => event._tag === "Started" && Buffer.from(event.arguments).includes(path))
  return commands.find((event) => event._tag === "Ended" && event.pid === started?.pid)
}

beforeAll(() => {
  if (noProbe !== undefined) return
  directory = mkdtempSync(join(tmpdir(), "mezite-enhanced-"))
  compileStatic(readFileSync("fixtures/enhanced/act.c", "utf8"), join(directory, "act"))
})

afterAll(() => {
  for (const server of servers) server.close()
  rmSync(directory, { recursive: true, force: true })
})

describe.skipIf(noProbe !== undefined)("what a session does", () => {
  layer(enhancedRecording, { excludeTestServices: true })((it) => {
    it.effect(
      "is found however it is hidden, and nothing of its neighbours'",
      () =>
        Effect.gen(function* () {
          const trials = yield* Effect.forEach(Object.entries(disguises), ([name, disguise], index) =>
            Effect.map(Effect.promise(listen), (port) => {
              const own = mkdtempSync(join(directory, "trial-"))
              const file = join(own, "secret")
              writeFileSync(file, "")
              const words = [join(directory, "act"), file, `${port}`, `${10 + index}`]
              return { name, file, port, status: 10 + index, words, command: disguise(words, own) }
            }),
          )
          const recordings = yield* Effect.forEach(trials, ({ command }) => watched(command), {
            concurrency: "unbounded",
          })
          trials.forEach(({ name, file, port, status, words }, index) => {
            const recorded = recordings[index] as Recorded
            const runs = commandLines(recorded).filter((line) => line.includes(`: ${words.join(" ")}`))
            expect(runs, name).toHaveLength(1)
            expect(runs[0]?.split(":")[0], name).toMatch(/\/act$|^\/memfd/)
            expect(openedPaths(recorded), name).toContain(file)
            expect(connected(recorded), name).toEqual([`${port} 0`])
            expect(exitOf(recorded, words.join("\0")), name).toMatchObject({ exit: { _tag: "Code", code: status } })
            expect(recorded.gaps, name).toEqual([])
            const others = trials.filter((other) => other.name !== name).map((other) => other.file)
            const seen = [...commandLines(recorded), ...openedPaths(recorded)].join("\n")
            expect(
              others.filter((other) => seen.includes(other)),
              name,
            ).toEqual([])
          })
          const long = recordings[trials.findIndex(({ name }) => name === "with an argument of 100 KB")]
          const whole = long?.commands.find((event) => event._tag === "Started" && event.argumentsBytes > 100_000)
          expect(whole).toMatchObject({ arguments: expect.objectContaining({ length: expect.any(Number) }) })
          if (whole?._tag === "Started") expect(whole.arguments).toHaveLength(whole.argumentsBytes)
        }),
      60_000,
    )
  })
})
