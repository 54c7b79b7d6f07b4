import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Variables } from "../e2e/support/Program.ts"

/** Where Debian's package libfaketime puts what it preloads. */
const library = (): string | undefined =>
  readdirSync("/usr/lib")
    .map((folder) => join("/usr/lib", folder, "faketime/libfaketimeMT.so.1"))
    .find((path) => existsSync(path))

/**
 * The time of day as some programs see it, which can be stepped while they run: libfaketime, which reads the step from a file
 * each second. The monotonic clock goes on as it is, as it does where somebody sets a machine's clock.
 */
export class FakeClock {
  readonly #file: string
  #seconds = 0

  /** `file`: where the step is kept. */
  constructor(file: string) {
    this.#file = file
    this.step(0)
  }

  /** Whether this machine has libfaketime. */
  static possible(): boolean {
    return library() !== undefined
  }

  /** What the programs are run with. */
  get variables(): Variables {
    return {
      LD_PRELOAD: library() ?? "",
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    }
  }

  /** Puts the clock so many seconds ahead of the machine's, or behind it. */
  step(seconds: number): void {
    this.#seconds = seconds
    writeFileSync(this.#file, `${seconds < 0 ? "" : "+"}${seconds}\n`)
  }

  /** Puts it so many seconds further ahead. */
  advance(seconds: number): void {
    this.step(this.#seconds + seconds)
  }
}
