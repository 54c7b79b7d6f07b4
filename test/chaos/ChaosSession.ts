import { existsSync, readFileSync } from "node:fs"
import { Program } from "../e2e/support/Program.ts"
import { jump, mshSsh, proxyCommand } from "../e2e/support/ways.ts"
import type { ChaosCluster } from "./ChaosCluster.ts"
import { nodeOf } from "./nodeOf.ts"
import type { Client, SessionPlan } from "./SessionPlan.ts"

/** What is known of a session without looking at its recording. */
export interface SessionEvidence {
  readonly plan: SessionPlan
  /** What its client received of the program's output, and on standard error (also words of the client's own). */
  readonly shown: Buffer
  readonly stderr: string
  /** The client's exit status; null where it was killed. */
  readonly code: number | null
  /** What was typed. */
  readonly sent: Buffer
  /** Of the marked commands that were typed, those that ran. */
  readonly executed: ReadonlyArray<string>
}

const ways: Record<Client, typeof mshSsh> = { msh: mshSsh, proxy: proxyCommand, jump }

/** A session that is driven by its client. */
export class ChaosSession {
  readonly plan: SessionPlan
  readonly #program: Program
  readonly #sent: Array<Buffer> = []
  #closed = false
  #leavesDaemons = false

  private constructor(plan: SessionPlan, program: Program) {
    this.plan = plan
    this.#program = program
    program.ended.then(() => {
      this.#closed = true
    })
  }

  /** `config`: what `msh config` printed. */
  static async start(plan: SessionPlan, { cluster }: ChaosCluster, config: string): Promise<ChaosSession> {
    const { command } = plan.workload
    const words = await ways[plan.client].words(cluster, nodeOf(plan.mode), {
      ...(command === undefined ? {} : { command }),
      terminal: plan.terminal,
      quiet: false,
      config,
    })
    return new ChaosSession(plan, new Program(words, cluster.userVariables))
  }

  get running(): boolean {
    return this.#program.running
  }

  /** Whether it has shown something, or is over. */
  get isUnderWay(): boolean {
    return this.#program.stdoutBytes.length > 0 || !this.running
  }

  /** Whether its client has ended, and whatever that had started and had its output too. */
  get closed(): boolean {
    return this.#closed
  }

  /** The session's shell, once it has told. */
  get shell(): number | undefined {
    const { pidFile } = this.plan
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : 0
    return pid > 1 ? pid : undefined
  }

  /** Kills its shell, which ends it as if it had ended by itself: what that had started in the background stays, as with sshd. */
  killShell(): void {
    this.#leavesDaemons = true
    if (this.shell !== undefined) process.kill(this.shell, "SIGKILL")
  }

  /** Whether processes of it may stay. */
  get leavesDaemons(): boolean {
    return this.#leavesDaemons
  }

  /** Takes the client away, without a word. */
  kill(): void {
    this.#program.kill("SIGKILL")
  }

  /** Drives it until `isOver`. */
  async drive(isOver: () => boolean): Promise<void> {
    const program = this.#program
    await this.plan.workload.drive({
      get running() {
        return program.running
      },
      get shown() {
        return program.stdout
      },
      type: (text) => {
        const bytes = Buffer.from(text)
        this.#sent.push(bytes)
        program.write(bytes)
      },
      endInput: () => program.endInput(),
      kill: () => this.kill(),
      isOver,
    })
  }

  /** What there is once it is over. */
  get evidence(): SessionEvidence {
    const { stdoutBytes, stderr, code } = this.#program
    const { plan } = this
    const marks = existsSync(plan.markFile) ? readFileSync(plan.markFile, "utf8").trim().split("\n") : []
    return { plan, shown: stdoutBytes, stderr, code, sent: Buffer.concat(this.#sent), executed: marks }
  }
}
