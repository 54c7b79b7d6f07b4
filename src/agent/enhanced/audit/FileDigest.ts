import { resultName } from "../../../domain/ErrorName.ts"
import type { FileEvent } from "../../../domain/FileEvent.ts"
import { openFlagsText } from "../../../domain/OpenFlags.ts"
import { baseName, type RawText } from "../../../domain/RawText.ts"
import { isRoutineFile } from "../../../domain/RoutineFile.ts"
import { MinuteBudget } from "./MinuteBudget.ts"
import { Tally } from "./Tally.ts"
import type { Told } from "./Told.ts"
import { toldPath } from "./toldPath.ts"

/** Told one by one in a minute. */
const perMinute = 120

/** Files that are known to have been told lately, so that they are not told again. */
const mostKnown = 1_024

/**
 * Which files a session opens, as the audit log is told: the same file by the same program, for the same and with the same
 * result, once a minute; what programs open of their own accord and what is more than a budget, as counts.
 */
export class FileDigest {
  readonly #budget = new MinuteBudget(perMinute)
  readonly #timeOf: (timeUs: number) => string
  readonly #known = new Set<string>()
  readonly #unlisted = new Tally()
  #routine = 0
  #repeated = 0

  /** `timeOf`: an event's time in RFC 3339. */
  constructor(timeOf: (timeUs: number) => string) {
    this.#timeOf = timeOf
  }

  /** `program`: the path of what the process runs, where that is known. */
  hear(event: FileEvent, program: Uint8Array | undefined, nowMs: number): ReadonlyArray<Told> {
    const name = program === undefined ? event.name : baseName(program)
    if (isRoutineFile(event)) this.#routine += 1
    else if (this.#isKnown(event, name)) this.#repeated += 1
    else if (!this.#budget.take(nowMs)) this.#unlisted.add(name)
    else return [{ type: "session.disk", detail: this.#detail(event, name) }]
    return []
  }

  /** Whether something was counted that is not told yet. */
  get waits(): boolean {
    return this.#routine + this.#repeated > 0 || !this.#unlisted.isEmpty
  }

  /** How many were not told one by one since the last time; nothing where none. */
  summary(): ReadonlyArray<Told> {
    this.#known.clear()
    if (!this.waits) return []
    const { count, names } = this.#unlisted.take()
    const detail = { summary: true, unlisted: count, programs: names, routine: this.#routine, repeated: this.#repeated }
    this.#routine = 0
    this.#repeated = 0
    return [{ type: "session.disk", detail }]
  }

  #isKnown({ path, flags, error }: FileEvent, name: RawText): boolean {
    const text = Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString("latin1")
    const key = `${typeof name === "string" ? name : name.base64}\0${text}\0${flags}\0${error}`
    if (this.#known.has(key)) return true
    if (this.#known.size < mostKnown) this.#known.add(key)
    return false
  }

  #detail({ path, flags, error, pid, timeUs, unseen, cut }: FileEvent, program: RawText): Told["detail"] {
    const seen = { program, pid, opened_at: this.#timeOf(timeUs) }
    if (unseen) return { ...seen, unseen: "io_uring: which file was opened, or who was talked to, is not known" }
    const { text, isCut } = toldPath(path)
    return { ...seen, path: text, cut: cut || isCut, flags: openFlagsText(flags), result: resultName(error) }
  }
}
