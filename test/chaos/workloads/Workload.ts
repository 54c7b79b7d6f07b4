/** A session as what runs in it is driven: typed at and looked at. */
export interface Driven {
  readonly running: boolean
  /** What was shown so far. */
  readonly shown: string
  readonly type: (text: string) => void
  readonly endInput: () => void
  /** Takes the client away, without a word. */
  readonly kill: () => void
  /** Whether it is time to come to an end. */
  readonly isOver: () => boolean
}

/** Where a session leaves traces of its own, beside what is recorded. */
export interface Traces {
  /** Short, and in no other session's content. */
  readonly key: string
  /** The process id of the session's shell is written here first of all. */
  readonly pidFile: string
  /** A line for each typed command, written by the command as it runs: the number in its text. */
  readonly markFile: string
}

/** What a session runs: content that is known. */
export interface Workload {
  readonly name: string
  /** None: the login shell. */
  readonly command: string | undefined
  /** All that it prints when nothing disturbs it, as the client gets it; undefined where prompts and echoes are among it. */
  readonly prints: Buffer | undefined
  /** What it prints is what was typed. */
  readonly echoes: boolean
  /** The text of a mark's command, as it was typed. */
  readonly commandOf: (mark: string) => string
  /** Types at it, until it is over or the session has ended. */
  readonly drive: (driven: Driven) => Promise<void>
}
