import type { CommandEvent } from "../../../domain/CommandEvent.ts"
import type { ConnectionEvent } from "../../../domain/ConnectionEvent.ts"
import type { FileEvent } from "../../../domain/FileEvent.ts"
import { FrameKind } from "../../../domain/Frame.ts"
import { encodeCommands } from "../../../recording/CommandPayload.ts"
import { encodeConnections } from "../../../recording/ConnectionPayload.ts"
import { encodeFiles } from "../../../recording/FilePayload.ts"
import { encodeGap } from "../../../recording/FramePayload.ts"
import type { Observed } from "../../../session/Observation.ts"
import { BoundedEvents } from "./BoundedEvents.ts"
import { type LossKind, lossKinds, lossText } from "./lossText.ts"

/** Bytes that may wait to be recorded: a hub that is slow, or a flood, must not fill the memory. */
const room = { commands: 8 * 1024 * 1024, files: 4 * 1024 * 1024, connections: 1024 * 1024 }

const overhead = 160

/** What is turned into frames at once, so that a flood does not hold up everything else. */
const takenAtOnce = 256 * 1024

const commandBytes = (event: CommandEvent): number => {
  if (event._tag === "Ended") return overhead
  const more = event._tag === "Started" ? event.arguments.length + event.program.length : 0
  return overhead + more + event.file.length + event.directory.length
}

const gap = (reason: string, events: number): Observed => ({
  kind: FrameKind.Gap,
  payload: encodeGap({ reason, frames: 0, bytes: 0, events }),
})

/**
 * What was seen of a session and is not recorded yet, in the order in which it came; each kind has room of its own. What
 * finds none is counted, and becomes a gap.
 */
export class EventQueue {
  readonly #commands = new BoundedEvents<CommandEvent>(room.commands, commandBytes)
  readonly #files = new BoundedEvents<FileEvent>(room.files, ({ path }) => overhead + path.length)
  readonly #connections = new BoundedEvents<ConnectionEvent>(room.connections, () => 2 * overhead)
  readonly #lost: Record<LossKind, number> = { commands: 0, files: 0, connections: 0, processes: 0 }

  addCommand(event: CommandEvent): void {
    if (!this.#commands.add(event)) this.#lost.commands += 1
  }

  addFile(event: FileEvent): void {
    if (!this.#files.add(event)) this.#lost.files += 1
  }

  addConnection(event: ConnectionEvent): void {
    if (!this.#connections.add(event)) this.#lost.connections += 1
  }

  /** So many were lost before they came here. */
  addLost(kind: LossKind, count: number): void {
    this.#lost[kind] += count
  }

  /**
   * Some of what waits, as frames; none where nothing waits. `zeroUs`: when the session began, by the clock of the events'
   * times.
   */
  take(zeroUs: number): ReadonlyArray<Observed> {
    const sinceStart = <A extends { readonly timeUs: number }>(event: A): A => ({
      ...event,
      timeUs: Math.max(0, Math.floor(event.timeUs - zeroUs)),
    })
    const frames = (kind: Observed["kind"], payloads: ReadonlyArray<Uint8Array>) =>
      payloads.map((payload) => ({ kind, payload }))
    return [
      ...this.#gaps(),
      ...frames(FrameKind.Exec, encodeCommands(this.#commands.take(takenAtOnce).map(sinceStart))),
      ...frames(FrameKind.Network, encodeConnections(this.#connections.take(takenAtOnce).map(sinceStart))),
      ...frames(FrameKind.File, encodeFiles(this.#files.take(takenAtOnce).map(sinceStart))),
    ]
  }

  #gaps(): ReadonlyArray<Observed> {
    return lossKinds.flatMap((kind) => {
      const count = this.#lost[kind]
      this.#lost[kind] = 0
      return count === 0 ? [] : [gap(`${count} ${lossText(kind)}`, count)]
    })
  }
}

/** A frame that says that from here on nothing is seen. */
export const unobserved = (reason: string): Observed => gap(reason, 0)
