import { Effect, Schema, type Scope, Stream } from "effect"
import type { Exit } from "../../../domain/SessionEnd.ts"
import type { Terminal, TerminalOutput } from "../../../session/Terminal.ts"
import type { TerminalError } from "../../../session/TerminalError.ts"
import type { SessionChannel } from "../../../ssh/SessionChannel.ts"
import type { ReportFailed } from "../../audit/ReportFailed.ts"
import type { MachineLogin } from "../../machine/Machine.ts"
import type { FileTransfer } from "../FileTransfer.ts"
import { TransferGarbled } from "../TransferGarbled.ts"
import type { TransferAudit } from "./transferAudit.ts"
import { watcherOf } from "./watcherOf.ts"

/** The client closed its channel before the program had ended, or was lost with all between. */
export class ClientLeft extends Schema.TaggedError<ClientLeft>()("ClientLeft", { message: Schema.String }) {}

/** Bytes that passed, of the transfer's protocol. */
export interface Passed {
  fromClient: number
  toClient: number
}

interface Transfer {
  readonly transfer: FileTransfer
  readonly login: MachineLogin
  readonly channel: SessionChannel
  readonly audit: TransferAudit
  readonly passed: Passed
}

type Failure = TransferGarbled | ReportFailed | TerminalError | ClientLeft

const watched = <A>(look: () => A): Effect.Effect<A, TransferGarbled> =>
  Effect.try({ try: look, catch: (error) => error }).pipe(
    Effect.catchAll((error) => (error instanceof TransferGarbled ? Effect.fail(error) : Effect.die(error))),
  )

const clientLeft = new ClientLeft({ message: "the connection to the client was closed" })

/** Moves bytes between client and program, both shown to the watcher; what it tells is kept before they are passed on. */
class BytePump {
  readonly #about: Transfer
  readonly #terminal: Terminal
  readonly #watcher
  readonly #heard = Effect.unsafeMakeLatch(false)

  constructor(about: Transfer, terminal: Terminal) {
    this.#about = about
    this.#terminal = terminal
    this.#watcher = watcherOf(about.transfer, about.audit.tell)
  }

  readonly fromClient = (bytes: Uint8Array): Effect.Effect<void, Failure> =>
    Effect.suspend(() => {
      this.#heard.unsafeClose()
      return Effect.flatMap(
        watched(() => this.#watcher.fromClient(bytes)),
        (count) => {
          const rest = bytes.subarray(count)
          const later = Effect.zipRight(this.#heard.await, this.fromClient(rest))
          this.#about.passed.fromClient += count
          const write =
            count === 0 ? Effect.void : this.#terminal.write(rest.length === 0 ? bytes : bytes.subarray(0, count))
          const passed = Effect.zipRight(this.#about.audit.begun(this.#watcher.begun), write)
          return rest.length === 0 ? passed : Effect.zipRight(passed, later)
        },
      )
    })

  readonly fromProgram = ({ stream, bytes }: TerminalOutput): Effect.Effect<void, Failure> => {
    const { channel, audit, passed } = this.#about
    if (stream === "stderr") return Effect.mapError(channel.writeStderr(bytes), () => clientLeft)
    return watched(() => this.#watcher.fromServer(bytes)).pipe(
      Effect.zipRight(audit.settled),
      Effect.zipRight(Effect.suspend(() => audit.begun(this.#watcher.begun))),
      Effect.tap(() => this.#heard.open),
      Effect.zipRight(Effect.mapError(channel.write(bytes), () => clientLeft)),
      Effect.tap(() =>
        Effect.sync(() => {
          passed.toClient += bytes.length
        }),
      ),
    )
  }

  /** Tells of what is unfinished. */
  readonly end: Effect.Effect<void> = Effect.suspend(() => {
    this.#watcher.end()
    return Effect.ignoreLogged(this.#about.audit.settled)
  })
}

/** Runs a transfer's far side, as the login, and passes bytes until it has ended. */
export const passBytes = Effect.fn("FileTransfers.passBytes")(function* (
  about: Transfer,
): Effect.fn.Return<Exit, Failure, Scope.Scope> {
  const { transfer, login, channel } = about
  const terminal = yield* login.transfer(transfer)
  const pump = new BytePump(about, terminal)
  yield* Effect.addFinalizer(() => pump.end)
  const input = Stream.runForEach(channel.input, pump.fromClient).pipe(Effect.zipRight(terminal.endInput))
  const signals = Stream.runForEach(channel.signals, terminal.signal)
  const output = Stream.runForEach(terminal.output, pump.fromProgram).pipe(Effect.zipRight(terminal.exit))
  const beside = Effect.all([input, signals], { concurrency: "unbounded", discard: true })
  const left = Effect.zipRight(channel.closed, clientLeft)
  return yield* Effect.raceFirst(output, Effect.raceFirst(Effect.zipRight(beside, Effect.never), left))
})
