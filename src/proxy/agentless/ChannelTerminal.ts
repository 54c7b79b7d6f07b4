import { Chunk, Duration, Effect, type Scope, Stream } from "effect"
import { escapeText } from "../../domain/escapeText.ts"
import type { Terminal, TerminalOutput } from "../../session/Terminal.ts"
import { TerminalError } from "../../session/TerminalError.ts"
import type { ClientChannel } from "../../ssh/ClientChannel.ts"
import type { ChannelRefused } from "../../ssh/SshError.ts"
import { isSshSignal } from "../../ssh/SshSignal.ts"

export interface ChannelTerminalOptions {
  /** Starts the program, on a channel that is closed with the scope. */
  readonly open: Effect.Effect<ClientChannel, ChannelRefused, Scope.Scope>
  readonly hasPty: boolean
  /** The node's name. */
  readonly node: string
  /** How long the machine may take to start it; 30 s unless told. */
  readonly startLimit?: Duration.DurationInput
  /** How long what is told to hang up has before it is killed; 250 ms unless told. */
  readonly killGrace?: Duration.Duration
}

const usualStartLimit = Duration.seconds(30)

const usualGrace = Duration.millis(250)

/** Frames and packets are made of so much, where there is so much. */
const batchBytes = 32 * 1024

const batch = (pieces: ReadonlyArray<Uint8Array>): Uint8Array =>
  pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)

/** What arrived together, in fewer and larger pieces. */
const coalesced =
  (stream: TerminalOutput["stream"]) =>
  (arrived: Chunk.Chunk<Uint8Array>): Chunk.Chunk<TerminalOutput> => {
    const batches: Array<TerminalOutput> = []
    let pieces: Array<Uint8Array> = []
    let size = 0
    const flush = (): void => {
      if (size > 0) batches.push({ stream, bytes: batch(pieces) })
      pieces = []
      size = 0
    }
    for (const bytes of arrived) {
      if (size + bytes.length > batchBytes) flush()
      pieces.push(bytes)
      size += bytes.length
    }
    flush()
    return Chunk.unsafeFromArray(batches)
  }

/** A terminal has one output, whatever a machine that is no OpenSSH sends beside it; left unread it would stop the channel. */
const outputOf = (channel: ClientChannel, hasPty: boolean): Stream.Stream<TerminalOutput> =>
  Stream.merge(
    Stream.mapChunks(channel.output, coalesced("output")),
    Stream.mapChunks(channel.stderr, coalesced(hasPty ? "output" : "stderr")),
  )

/** What was typed last is what tells; a control character may have changed it since. */
const typing = (channel: ClientChannel): Pick<Terminal, "write" | "echoes" | "tryTyping"> => {
  let echoed = true
  return {
    // Where the channel is closed `exit` tells why.
    write: (bytes) =>
      Effect.suspend(() => {
        echoed = true
        return Effect.ignore(channel.write(bytes))
      }),
    echoes: Effect.sync(() => echoed),
    tryTyping: (bytes) =>
      channel.writeEchoed(bytes).pipe(
        Effect.orElseSucceed(() => false),
        Effect.tap((isShown) =>
          Effect.sync(() => {
            echoed = isShown
          }),
        ),
      ),
  }
}

const withoutEcho = (channel: ClientChannel): Pick<Terminal, "write" | "echoes"> => ({
  write: (bytes) => Effect.ignore(channel.write(bytes)),
  echoes: Effect.succeed(true),
})

/**
 * Ends the program with the scope: sshd passes signals on to its process group, but not to one of root's, and closing the channel
 * hangs a terminal up.
 */
const endWithScope = Effect.fnUntraced(function* (channel: ClientChannel, grace: Duration.Duration) {
  const over = Effect.unsafeMakeLatch(false)
  let isOver = false
  yield* Effect.forkScoped(
    Effect.flatMap(Effect.exit(channel.exit), () => {
      isOver = true
      return over.open
    }),
  )
  const stop = Effect.gen(function* () {
    if (isOver) return
    yield* channel.signal("HUP")
    yield* Effect.timeoutOption(Effect.interruptible(over.await), grace)
    yield* channel.signal("KILL")
  })
  yield* Effect.addFinalizer(() => stop)
})

/**
 * A program on another machine, at the other end of an SSH channel, as a session's terminal. Its machine's sshd decides what is let
 * through of environment and terminal modes.
 */
export const channelTerminal = Effect.fn("ChannelTerminal.open")(function* (
  options: ChannelTerminalOptions,
): Effect.fn.Return<Terminal, TerminalError, Scope.Scope> {
  const { node, hasPty, startLimit = usualStartLimit } = options
  const notStarted = (why: string) => new TerminalError({ message: `${node} did not start it${why}` })
  const channel = yield* options.open.pipe(
    Effect.mapError(({ message }) => notStarted(`: ${escapeText(message)}`)),
    Effect.timeoutFail({
      duration: startLimit,
      onTimeout: () => notStarted(` within ${Duration.format(startLimit)}`),
    }),
  )
  yield* endWithScope(channel, options.killGrace ?? usualGrace)
  return {
    output: outputOf(channel, hasPty),
    ...(hasPty ? typing(channel) : withoutEcho(channel)),
    endInput: hasPty ? Effect.void : channel.endInput,
    resize: channel.resize,
    signal: (name) => (isSshSignal(name) ? channel.signal(name) : Effect.void),
    exit: Effect.mapError(
      channel.exit,
      () => new TerminalError({ message: `the connection to ${node} was lost before the program's end was told` }),
    ),
  }
})
