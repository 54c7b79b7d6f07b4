import { Effect, Option, Stream } from "effect"
import type { ClientChannel } from "../../ssh/ClientChannel.ts"
import type { ChannelClosed } from "../../ssh/SshError.ts"
import { ExitWith } from "../ExitWith.ts"
import { readChunk } from "../internal/readChunk.ts"
import { warn, writeTo } from "../Output.ts"
import { type RawTerminal, rawTerminal } from "../RawTerminal.ts"
import { Stdio, type StdioShape } from "../Stdio.ts"
import { EscapeKeys, type Typed } from "./EscapeKeys.ts"

const escapesHelp = [
  "Supported escape sequences:",
  " ~.   - terminate connection",
  " ~^Z  - suspend msh",
  " ~?   - this message",
  " ~~   - send the escape character by typing it twice",
  "(Note that escapes are only recognized immediately after newline.)",
]

/** On a raw terminal the cursor stands wherever the program left it. */
const newLine = warn("\r")

const obey = (
  typed: Typed,
  channel: ClientChannel,
  terminal: RawTerminal,
): Effect.Effect<void, ChannelClosed | ExitWith, Stdio> => {
  if (typed._tag === "Send") return channel.write(typed.bytes)
  switch (typed.command) {
    case "disconnect":
      return Effect.zipRight(newLine, new ExitWith({ code: 255, message: "connection closed" }))
    case "suspend":
      return Effect.sync(terminal.suspend)
    case "help":
      return Effect.forEach(escapesHelp, (line) => warn(`${line}\r`), { discard: true })
  }
}

/** Types standard input into the channel; its end is the program's end of input. A program that ended needs no more of it. */
const sendInput = ({ stdin }: StdioShape, channel: ClientChannel, terminal: RawTerminal | undefined) =>
  Effect.gen(function* () {
    const escapes = new EscapeKeys()
    while (true) {
      const chunk = yield* readChunk(stdin)
      if (Option.isNone(chunk)) return yield* channel.endInput
      if (terminal === undefined) yield* channel.write(chunk.value)
      else
        yield* Effect.forEach(escapes.read(chunk.value), (typed) => obey(typed, channel, terminal), { discard: true })
    }
  }).pipe(
    Effect.catchTag("ChannelClosed", () => Effect.void),
    Effect.zipRight(Effect.never),
  )

/** Tells the far side each new size of the terminal. */
const followSize = ({ stdout }: StdioShape, channel: ClientChannel) =>
  Effect.async<never>(() => {
    const resized = () =>
      Effect.runFork(channel.resize({ cols: stdout.columns, rows: stdout.rows, widthPx: 0, heightPx: 0 }))
    stdout.on("resize", resized)
    return Effect.sync(() => stdout.off("resize", resized))
  })

/**
 * Joins a channel with the process's own streams until the program has ended and all its output is written. Fails with
 * `ChannelClosed` where the connection was lost before that.
 */
export const runChannel = (channel: ClientChannel, hasPty: boolean) =>
  Effect.gen(function* () {
    const stdio = yield* Stdio
    const isRaw = hasPty && stdio.stdin.isTTY === true
    const terminal = isRaw ? yield* rawTerminal(() => "") : undefined
    const output = Stream.runForEach(channel.output, (bytes) => writeTo(stdio.stdout, bytes))
    const stderr = Stream.runForEach(channel.stderr, (bytes) => writeTo(stdio.stderr, bytes))
    const ended = Effect.all([output, stderr], { concurrency: "unbounded", discard: true }).pipe(
      Effect.zipRight(channel.exit),
      Effect.tapErrorTag("ChannelClosed", () => (isRaw ? newLine : Effect.void)),
    )
    const sizes = isRaw ? followSize(stdio, channel) : Effect.never
    return yield* Effect.raceFirst(ended, Effect.raceFirst(sendInput(stdio, channel, terminal), sizes))
  })
