import type { ChildProcess } from "node:child_process"
import type { Readable, Writable } from "node:stream"
import { Duration, Effect } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { processEnded } from "./endProcess.ts"

/** The lines that are typed: all but comments and empty ones. */
export const scriptLines = (text: string): ReadonlyArray<string> =>
  text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))

/** How long a key takes, so that the replay looks like somebody at work. */
const keyTime = Duration.millis(25)
/** How long nothing more is shown when a shell waits for its user. */
const quietTime = Duration.millis(200)
/** A line is typed in any case after this: a terminal holds what comes early. */
const patience = Duration.seconds(10)
const sessionLimit = Duration.minutes(2)

/** Sees when a shell asks for the next line: the last thing shown does not end a line, and nothing follows. */
class PromptWatch {
  #open = false
  #quietSince = Date.now()

  constructor(output: Readable) {
    output.on("data", (bytes: Buffer) => {
      this.#open = bytes.at(-1) !== 0x0a
      this.#quietSince = Date.now()
    })
  }

  /** To be called when a line was entered. */
  entered(): void {
    this.#open = false
  }

  get asks(): boolean {
    return this.#open && Date.now() - this.#quietSince >= Duration.toMillis(quietTime)
  }
}

const send = (input: Writable, text: string) =>
  Effect.async<void>((resume) => {
    // Who has ended reads no more: its exit tells what happened.
    input.write(text, () => resume(Effect.void))
  })

const typeLine = (input: Writable, line: string, prompt: PromptWatch) =>
  Effect.gen(function* () {
    yield* Effect.iterate(prompt.asks, {
      while: (asks) => !asks,
      body: () => Effect.as(Effect.sleep("20 millis"), prompt.asks),
    }).pipe(Effect.timeoutOption(patience))
    yield* Effect.forEach(line, (key) => Effect.zipRight(send(input, key), Effect.sleep(keyTime)), { discard: true })
    prompt.entered()
    yield* send(input, "\r")
  })

/** Types a script into a shell, line by line, and waits for the shell to end; fails where it ends with anything but 0. */
export const typeScript = Effect.fn("quickstart.type")(function* (child: ChildProcess, lines: ReadonlyArray<string>) {
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) return yield* Effect.dieMessage("spawned without pipes")
  const complaints: Array<Buffer> = []
  stdin.on("error", () => undefined)
  stderr.on("data", (bytes: Buffer) => complaints.push(bytes))
  const prompt = new PromptWatch(stdout)
  const typing = Effect.zipRight(
    Effect.forEach(lines, (line) => typeLine(stdin, line, prompt), { discard: true }),
    Effect.never,
  )
  const code = yield* Effect.raceFirst(processEnded(child), typing).pipe(
    Effect.timeoutFail({
      duration: sessionLimit,
      onTimeout: () => new CommandFailed({ message: "the shell did not end within two minutes" }),
    }),
  )
  if (code === 0) return
  const complaint = Buffer.concat(complaints).toString("utf8").trim()
  return yield* new CommandFailed({ message: `the session ended with ${code}${complaint && `: ${complaint}`}` })
})
