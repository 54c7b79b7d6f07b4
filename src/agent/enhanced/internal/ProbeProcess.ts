import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { Deferred, Effect, FiberId, type Scope } from "effect"
import { ProbeDecoder } from "../ProbeDecoder.ts"
import { ProbeLost } from "../ProbeLost.ts"
import type { ProbeRecord } from "../ProbeRecord.ts"

/** support.h: what it has written to standard error is the reason. */
const unsupportedStatus = 3

const keptErrorBytes = 4096

const notBuilt =
  'its probe is not built: run "npm run build:probe" where Mezite is installed (Debian: apt-get install clang libbpf-dev bpftool)'

const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1) ?? ""

/**
 * The probe as a process. It ends with its scope, by the end of its input; whatever else ends it, or makes what it says not to be
 * believed, fails `lost`.
 */
export class ProbeProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lost = Deferred.unsafeMake<never, ProbeLost>(FiberId.none)
  #errors = ""

  /** Never succeeds. */
  readonly lost: Effect.Effect<never, ProbeLost> = Deferred.await(this.#lost)

  private constructor(program: string, onRecord: (record: ProbeRecord) => void) {
    const decoder = new ProbeDecoder()
    this.#child = spawn(program, [], { env: {}, cwd: "/", stdio: ["pipe", "pipe", "pipe"] })
    this.#child.stdin.on("error", () => this.#child.stdin.destroy())
    this.#child.stderr.on("data", (bytes: Buffer) => {
      this.#errors = (this.#errors + bytes.toString("utf8")).slice(-keptErrorBytes)
    })
    this.#child.stdout.on("data", (bytes: Buffer) => {
      try {
        for (const record of decoder.push(bytes)) onRecord(record)
      } catch (fault) {
        this.#fail(`the probe is not to be believed: ${fault instanceof Error ? fault.message : String(fault)}`)
        this.#child.kill("SIGKILL")
      }
    })
    this.#child.once("error", (error: NodeJS.ErrnoException) =>
      this.#fail(error.code === "ENOENT" ? notBuilt : `the probe cannot be run: ${error.message}`),
    )
    this.#child.once("close", (status, signal) => this.#fail(this.#whyClosed(status, signal)))
  }

  /** Starts it; each record is given to plain code, in the callback that brings it. */
  static readonly open = (
    program: string,
    onRecord: (record: ProbeRecord) => void,
  ): Effect.Effect<ProbeProcess, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.sync(() => new ProbeProcess(program, onRecord)),
      (probe) => probe.#close,
    )

  /** Writes one line to it; wire.h says which there are. */
  tell(line: string): void {
    if (this.#child.stdin.writable) this.#child.stdin.write(`${line}\n`)
  }

  #whyClosed(status: number | null, signal: NodeJS.Signals | null): string {
    if (status === unsupportedStatus) return lastLine(this.#errors)
    const how = signal === null ? `with status ${status}` : `by ${signal}`
    const said = lastLine(this.#errors)
    return `the probe was ended ${how}${said === "" ? "" : `: ${said}`}`
  }

  #fail(message: string): void {
    Deferred.unsafeDone(this.#lost, Effect.fail(new ProbeLost({ message })))
  }

  get #close(): Effect.Effect<void> {
    return Effect.sync(() => this.#child.stdin.end()).pipe(
      Effect.zipRight(Effect.interruptible(Effect.ignore(this.lost))),
      Effect.timeoutTo({ duration: "2 seconds", onSuccess: () => false, onTimeout: () => true }),
      Effect.flatMap((hangs) => Effect.sync(() => hangs && this.#child.kill("SIGKILL"))),
    )
  }
}
