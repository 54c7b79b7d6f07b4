import type { Scheduler } from "effect"

/** Runs fibers when the test says so, and in this very call: nothing happens between two steps. */
export class StepScheduler implements Scheduler.Scheduler {
  readonly #tasks: Array<() => void> = []

  scheduleTask(task: () => void): void {
    this.#tasks.push(task)
  }

  shouldYield(): false {
    return false
  }

  /** Lets every fiber run as far as it can. */
  step(): void {
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) task()
  }

  /** What would run next never does: as when a process is killed. */
  kill(): void {
    this.#tasks.length = 0
  }
}
