import type { ChildProcess } from "node:child_process"
import { Deferred, Effect, FiberId } from "effect"
import type { Exit } from "../../../domain/SessionEnd.ts"

const exitOf = (code: number | null, signal: NodeJS.Signals | null): Exit =>
  signal === null ? { _tag: "Code", code: code ?? 255 } : { _tag: "Signal", signal: signal.replace(/^SIG/, "") }

/** How a program ended, told once its output has been read as well. */
export class ProgramExit {
  readonly #exit = Deferred.unsafeMake<Exit>(FiberId.none)
  readonly #read = Deferred.unsafeMake<void>(FiberId.none)
  #reaped = false

  /** Told once the program has ended and its output was read to the end, or never will be. */
  readonly told: Effect.Effect<Exit> = Effect.zipRight(Deferred.await(this.#read), Deferred.await(this.#exit))

  /** Whether the program's process has ended; its id may belong to another from now on. */
  get reaped(): boolean {
    return this.#reaped
  }

  /** Listens to `child`; `onExit` is called when its process has ended. */
  watch(child: ChildProcess, onExit: () => void): void {
    child.once("exit", (code, signal) => {
      this.#reaped = true
      Deferred.unsafeDone(this.#exit, Effect.succeed(exitOf(code, signal)))
      onExit()
    })
  }

  outputRead(): void {
    Deferred.unsafeDone(this.#read, Effect.void)
  }
}
