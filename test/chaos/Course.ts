import { setTimeout } from "node:timers/promises"
import { until } from "../e2e/support/until.ts"
import type { ChaosCluster } from "./ChaosCluster.ts"
import { ChaosSession } from "./ChaosSession.ts"
import type { Fault } from "./Fault.ts"
import { inject, type Targets } from "./inject.ts"
import type { SessionPlan } from "./SessionPlan.ts"
import { type TrialPlan, windowMs } from "./TrialPlan.ts"

/** What was struck early may never be under way. */
const underWayWithinMs = 10_000
/** How long an endless fault waits for sessions to end. */
const endedWithinMs = 120_000

/** A trial's sessions and faults, from the first to the last. */
export class Course implements Targets {
  readonly chaos: ChaosCluster
  readonly sessions: Array<ChaosSession> = []
  readonly #plan: TrialPlan
  #isOver = false

  constructor(chaos: ChaosCluster, plan: TrialPlan) {
    this.chaos = chaos
    this.#plan = plan
  }

  /** Sessions begin, are struck, and are told to come to their end; every fault is undone that can be. */
  async run(): Promise<void> {
    const { faults, sessions } = this.#plan
    const config = await this.chaos.cluster.sshConfig()
    const driven = Promise.all(sessions.map((plan) => this.#drive(plan, config)))
    const early = Promise.all(faults.filter((fault) => fault.early).map((fault) => this.#strike(fault)))
    await until("sessions are under way", () => this.#areUnderWay, underWayWithinMs).catch(() => undefined)
    const late = faults.filter((fault) => !fault.early).map((fault) => this.#strike(fault))
    await setTimeout(windowMs)
    this.#isOver = true
    await Promise.all([early, ...late, driven])
  }

  get #areUnderWay(): boolean {
    return this.sessions.length === this.#plan.sessions.length && this.sessions.every((session) => session.isUnderWay)
  }

  async #drive(plan: SessionPlan, config: string): Promise<void> {
    await setTimeout(plan.startsAtMs)
    const session = await ChaosSession.start(plan, this.chaos, config)
    this.sessions.push(session)
    await session.drive(() => this.#isOver)
  }

  /** What cannot be undone now (a hub does not start on a full disk) is when all is brought back. */
  async #strike(fault: Fault): Promise<void> {
    await setTimeout(fault.atMs)
    const undo = inject(fault, this)
    if (Number.isFinite(fault.forMs)) await setTimeout(fault.forMs)
    else await until("sessions have ended", () => this.#haveEnded, endedWithinMs).catch(() => undefined)
    await Promise.resolve()
      .then(undo)
      .catch(() => undefined)
  }

  get #haveEnded(): boolean {
    return this.#isOver && this.sessions.every(({ running }) => !running)
  }
}
