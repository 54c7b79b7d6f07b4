import type { StoredRecording } from "../e2e/support/StoredRecording.ts"
import type { SessionEvidence } from "./ChaosSession.ts"

/** What the hub has of a session. */
export interface HubSession {
  readonly sessionId: string
  readonly status: string
  /** Undefined where it has no recording, or one that cannot be read. */
  readonly recording: StoredRecording | undefined
}

/** What became of a session's bytes. */
export interface Account {
  readonly shown: number
  readonly stored: number
  /** Bytes that were shown or acted on, and are in no recording. */
  readonly lost: number
  /** What is wrong, each in a line; none where all is well. */
  readonly findings: ReadonlyArray<string>
}

/** How many bytes at the beginning of `bytes` are those of `whole`. */
const agreeing = (bytes: Buffer, whole: Buffer): number => {
  const length = Math.min(bytes.length, whole.length)
  if (bytes.subarray(0, length).equals(whole.subarray(0, length))) return length
  let at = 0
  while (bytes[at] === whole[at]) at++
  return at
}

/** Lines that the workload itself wrote to standard error; the client adds words of its own. */
const errorLines = ({ plan, stderr }: SessionEvidence): ReadonlyArray<string> =>
  stderr.split("\n").filter((line) => line.startsWith(`${plan.key}-err `))

class Book {
  readonly findings: Array<string> = []
  lost = 0

  note(wrong: boolean, text: string, lost = 0): void {
    if (!wrong) return
    this.findings.push(text)
    this.lost += lost
  }
}

const missing = (bytes: Buffer, whole: Buffer): number => bytes.length - agreeing(bytes, whole)

/** What was shown, and what was done, is in the recording. */
const checkRecorded = (book: Book, evidence: SessionEvidence, recording: StoredRecording): void => {
  const { plan, shown, sent, executed } = evidence
  const unseen = missing(shown, recording.output)
  book.note(unseen > 0, `${unseen} bytes that were shown are not in the recording`, unseen)
  const input = recording.input.toString()
  const undone = executed.filter((mark) => !input.includes(plan.workload.commandOf(mark)))
  book.note(undone.length > 0, `commands ran and are not in the recording: ${undone.join(", ")}`, undone.length)
  const lines = errorLines(evidence).filter((line) => !recording.stderr.includes(`${line}\n`))
  book.note(lines.length > 0, `standard error was shown and is not in the recording: ${lines.join(", ")}`, lines.length)
  if (!plan.workload.echoes) return
  const untyped = missing(recording.output, recording.input)
  book.note(untyped > 0, `${untyped} bytes came back and are not in the recorded input`, untyped)
  book.note(missing(recording.input, sent) > 0, "the recorded input is not what was typed")
}

/** What was recorded is what the program wrote, and all of it where nothing cut the session short. */
const checkContent = (book: Book, { plan, shown, code }: SessionEvidence, recording: StoredRecording): void => {
  const { prints } = plan.workload
  if (prints !== undefined) {
    book.note(missing(recording.output, prints) > 0, "the recording has output that the program never wrote")
  }
  if (code === null || code === 255) return
  book.note(shown.length < recording.output.length, "the session came to its end, and not all of its output was shown")
  book.note(recording.end.status !== "completed", `it came to its end with ${code}, and is ${recording.end.status}`)
}

/** Holds a session that is over against what is stored of it. `found`: the hub's sessions that it may be. */
export const accountSession = (evidence: SessionEvidence, found: ReadonlyArray<HubSession>): Account => {
  const { plan, shown, executed } = evidence
  const book = new Book()
  const [session] = found
  book.note(found.length > 1, `the hub has ${found.length} sessions of it`)
  const recorded = plan.mode !== "off"
  const happened = shown.length > 0 || executed.length > 0
  book.note(session === undefined && happened, "the hub knows nothing of it", recorded ? shown.length : 0)
  const recording = session?.recording
  if (session !== undefined && recorded) {
    book.note(recording === undefined, `its recording is not whole (${session.status})`, shown.length)
  }
  if (!recorded) {
    const stored = recording !== undefined || (session !== undefined && session.status !== "unrecorded")
    book.note(stored, `it was not to be recorded, and is ${session?.status}`)
  }
  if (recorded && recording !== undefined) {
    checkRecorded(book, evidence, recording)
    checkContent(book, evidence, recording)
  }
  const stored =
    recording === undefined ? 0 : recording.output.length + recording.stderr.length + recording.input.length
  return { shown: shown.length, stored, lost: book.lost, findings: book.findings }
}
