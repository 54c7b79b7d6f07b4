import { Effect, Option, Stream } from "effect"
import type { Frame } from "../../domain/Frame.ts"
import type { ShownEvents } from "../../play/EventLines.ts"
import { KeyBuffer } from "../../play/KeyBuffer.ts"
import { play as playSession } from "../../play/Player.ts"
import { PlayerKeys } from "../../play/PlayerKeys.ts"
import type { PlayerScreen } from "../../play/PlayerScreen.ts"
import type { TimelineOptions } from "../../play/Timeline.ts"
import type { RecordingHeader } from "../../recording/Header.ts"
import type { RecordingEvent } from "../../recording/RecordingReader.ts"
import { readRecording } from "../../recording/RecordingStream.ts"
import { exactScreen } from "../ExactScreen.ts"
import { ExitWith } from "../ExitWith.ts"
import { warn, writeTo } from "../Output.ts"
import { plainLine } from "../plainLine.ts"
import { rawTerminal } from "../RawTerminal.ts"
import { Stdio, type StdioShape } from "../Stdio.ts"
import { TerminalScreen } from "../TerminalScreen.ts"
import { WrongUsage } from "../WrongUsage.ts"
import { recordingBytes, recordingTarget } from "./RecordingSource.ts"
import { readingKeys } from "./readingKeys.ts"
import { unreadable } from "./unreadable.ts"

/** `msh play`. */
export interface PlayOptions extends TimelineOptions {
  readonly identity: Option.Option<string>
  readonly speed: number
  readonly follow: boolean
  readonly events: ShownEvents
  readonly recording: string
}

/** The line that playing begins with, as the product page has it. */
export const playingLine = ({ info }: RecordingHeader): string =>
  plainLine(`Playing session ${info.sessionId.slice(0, 8)}... (user: ${info.user}, host: ${info.node})`)

/** What is left to say once a recording has been played to its end. */
const endingOf = (event: RecordingEvent): Option.Option<string> =>
  event._tag === "End" && event.end.status !== "completed"
    ? Option.some(
        `The recording ends here: ${event.end.status}${event.end.reason === "" ? "" : `, ${event.end.reason}`}.`,
      )
    : Option.none()

/** The frames of a recording; the header is told once, and so is an end that is not the session's own. */
const framesOf = <E, R, R2>(
  events: Stream.Stream<RecordingEvent, E, R>,
  begin: (header: RecordingHeader) => Effect.Effect<void, E, R2>,
  ending: { text: Option.Option<string> },
): Stream.Stream<Frame, E, R | R2> => {
  let begun = false
  return events.pipe(
    Stream.mapChunksEffect((chunk) =>
      Effect.gen(function* () {
        for (const event of chunk) {
          if (event._tag === "Header" && !begun) {
            begun = true
            yield* begin(event.header)
          } else if (event._tag === "End") ending.text = endingOf(event)
        }
        return chunk
      }),
    ),
    Stream.filterMap((event) => (event._tag === "Frame" ? Option.some(event.frame) : Option.none())),
  )
}

const listenToKeys = ({ stdin }: StdioShape, keys: KeyBuffer) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const decoder = new PlayerKeys()
      const heard = (bytes: Buffer) => keys.press(decoder.read(bytes))
      stdin.on("data", heard)
      stdin.resume()
      return heard
    }),
    (heard) => Effect.sync(() => stdin.off("data", heard)),
  )

const openTerminal = (stdio: StdioShape, keys: KeyBuffer) =>
  Effect.gen(function* () {
    const screen = new TerminalScreen(stdio.stdout)
    yield* rawTerminal(() => screen.reset())
    if (stdio.stdin.isTTY) yield* listenToKeys(stdio, keys)
    return screen
  })

/** Plays a recording: on a terminal filtered and with keys, elsewhere its bytes exactly. */
export const play = Effect.fn("msh.play")(
  function* (options: PlayOptions) {
    const stdio = yield* Stdio
    const target = yield* recordingTarget(options.recording)
    if (options.follow && target._tag === "File") {
      return yield* new WrongUsage({ message: "--follow: only a session of the hub can be followed, not a file" })
    }
    const keyRing = yield* readingKeys(target, options.identity)
    const events = readRecording(recordingBytes(target, options.follow ? "followed" : "clear", options.identity), {
      keys: keyRing,
    })
    const keys = new KeyBuffer()
    const onTerminal = stdio.stdout.isTTY === true
    const terminal = onTerminal ? yield* openTerminal(stdio, keys) : undefined
    const screen: PlayerScreen = terminal ?? (yield* exactScreen)
    const ending = { text: Option.none<string>() }
    const frames = framesOf(
      events,
      (header) => {
        terminal?.setPty(header.info.terminal !== undefined)
        return terminal === undefined
          ? warn(playingLine(header))
          : writeTo(stdio.stdout, `${playingLine(header)}\r\n`).pipe(Effect.ignore)
      },
      ending,
    )
    const context = yield* Effect.context<Stdio>()
    // What is over is shown at once, and the rest as it comes; unless it was said where to begin.
    const fromMs = options.follow && options.fromMs === 0 ? Number.POSITIVE_INFINITY : options.fromMs
    const end = yield* playSession({ ...options, fromMs, frames: Stream.provideContext(frames, context), screen, keys })
    if (end === "interrupted") return yield* new ExitWith({ code: 130 })
    return end === "finished" ? ending.text : Option.none()
  },
  Effect.scoped,
  Effect.flatMap(Option.match({ onNone: () => Effect.void, onSome: warn })),
  (effect, { recording }) => Effect.catchTag(effect, "RecordingError", unreadable(recording)),
)
