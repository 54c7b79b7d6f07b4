import { randomUUID } from "node:crypto"
import * as fs from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import type { AuditEventDraft } from "../../../domain/AuditEvent.ts"
import { FileFailed } from "../../../session/FileFailed.ts"
import { privateDirectory } from "../../../session/privateDirectory.ts"
import { writePrivateFile } from "../../../session/writePrivateFile.ts"

const fileName = /^([0-9a-f-]{36})\.json$/

/** What is to be told should this process not live to tell better, each will a file in a directory. */
export class WillFiles {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** The ids of those that an earlier process left. Drafts that it left are removed: what they were to replace is there. */
  readonly left: Effect.Effect<ReadonlyArray<string>, FileFailed> = Effect.suspend(() =>
    Effect.zipRight(
      privateDirectory(this.#directory),
      this.#try("", () => {
        const names = fs.readdirSync(this.#directory)
        for (const draft of names.filter((name) => name.endsWith(".tmp"))) fs.rmSync(join(this.#directory, draft))
        return names.flatMap((name) => fileName.exec(name)?.[1] ?? [])
      }),
    ),
  )

  /** A new one, durable; its id. */
  make(events: ReadonlyArray<AuditEventDraft>): Effect.Effect<string, FileFailed> {
    const id = randomUUID()
    return Effect.as(writePrivateFile(this.#path(id), JSON.stringify(events)), id)
  }

  /** Survives the end of the process; after a loss of power it may be what it was before. */
  change(id: string, events: ReadonlyArray<AuditEventDraft>): Effect.Effect<void, FileFailed> {
    return this.#try(id, () => {
      fs.writeFileSync(`${this.#path(id)}.tmp`, JSON.stringify(events), { mode: 0o600 })
      fs.renameSync(`${this.#path(id)}.tmp`, this.#path(id))
    })
  }

  read(id: string): Effect.Effect<string, FileFailed> {
    return this.#try(id, () => fs.readFileSync(this.#path(id), "utf8"))
  }

  /** Nobody can read it: it stays, for people to look at. */
  setAside(id: string): Effect.Effect<void, FileFailed> {
    return this.#try(id, () => fs.renameSync(this.#path(id), `${this.#path(id)}.damaged`))
  }

  remove(id: string): Effect.Effect<void, FileFailed> {
    return this.#try(id, () => fs.rmSync(this.#path(id), { force: true }))
  }

  #path(id: string): string {
    return join(this.#directory, `${id}.json`)
  }

  #try<A>(id: string, act: () => A): Effect.Effect<A, FileFailed> {
    return Effect.try({ try: act, catch: (error) => FileFailed.of(join(this.#directory, id), error as Error) })
  }
}
