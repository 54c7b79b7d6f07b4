import * as fs from "node:fs"
import { join } from "node:path"
import { Array as Arr, Effect, Option } from "effect"
import type { AuditEventDraft } from "../../../domain/AuditEvent.ts"
import { FileFailed } from "../../../session/FileFailed.ts"
import { writePrivateFile } from "../../../session/writePrivateFile.ts"

/** `MILLISECONDS-COUNT.UUID.json`: by its name a batch has its place in the order, and by the UUID the hub knows it. */
const fileName = /^\d{15}-\d{8}\.([0-9a-f-]{36})\.json$/

/** A batch on the disk. */
export interface ReportFile {
  readonly name: string
  /** The hub's name for it. */
  readonly batchId: string
  readonly bytes: number
}

/** Batches of events, each a file in a directory from its first moment until the hub has it. */
export class ReportFiles {
  readonly #directory: string
  #count = 0

  constructor(directory: string) {
    this.#directory = directory
    fs.mkdirSync(this.#rejected, { recursive: true, mode: 0o700 })
    // Whoever was to be told that such a draft is kept never was.
    const drafts = fs.readdirSync(directory).filter((name) => name.endsWith(".tmp"))
    for (const draft of drafts) fs.rmSync(join(directory, draft), { force: true })
  }

  get #rejected(): string {
    return join(this.#directory, "rejected")
  }

  /** Those that are there, the oldest first. */
  list(): ReadonlyArray<ReportFile> {
    const files = Arr.filterMap(fs.readdirSync(this.#directory).sort(), (name) =>
      Option.map(Option.fromNullable(fileName.exec(name)?.[1]), (batchId) => ({ name, batchId })),
    )
    return files.map((file) => ({ ...file, bytes: fs.statSync(join(this.#directory, file.name)).size }))
  }

  /** Writes a batch, durably. */
  write(batchId: string, nowMs: number, events: ReadonlyArray<AuditEventDraft>): Effect.Effect<ReportFile, FileFailed> {
    this.#count += 1
    const name = `${String(nowMs).padStart(15, "0")}-${String(this.#count).padStart(8, "0")}.${batchId}.json`
    const content = JSON.stringify(events)
    const bytes = Buffer.byteLength(content)
    return Effect.as(writePrivateFile(join(this.#directory, name), content), { name, batchId, bytes })
  }

  read({ name }: ReportFile): Effect.Effect<string, FileFailed> {
    return this.#try(name, () => fs.readFileSync(join(this.#directory, name), "utf8"))
  }

  remove({ name }: ReportFile): Effect.Effect<void, FileFailed> {
    return this.#try(name, () => fs.rmSync(join(this.#directory, name), { force: true }))
  }

  /** The hub never wants it: it goes to `rejected/`, for people to look at. */
  setAside({ name }: ReportFile): Effect.Effect<void, FileFailed> {
    return this.#try(name, () => fs.renameSync(join(this.#directory, name), join(this.#rejected, name)))
  }

  #try<A>(name: string, act: () => A): Effect.Effect<A, FileFailed> {
    return Effect.try({ try: act, catch: (error) => FileFailed.of(join(this.#directory, name), error as Error) })
  }
}
