import { FrameKind } from "../domain/Frame.ts"
import type { RecordingMode } from "../domain/RecordingMode.ts"
import type { WindowSize } from "../domain/WindowSize.ts"
import * as Fifo from "./Fifo.ts"

/** What the user does to the program. */
export type Action =
  /** `echoed`: whether the terminal shows what is typed. */
  | { readonly _tag: "Type"; readonly bytes: Uint8Array; readonly echoed: boolean }
  | { readonly _tag: "Resize"; readonly size: WindowSize }
  /** Named without "SIG" (RFC 4254, 6.9). */
  | { readonly _tag: "Signal"; readonly name: string }

/** What the program wrote. */
export interface Shown {
  readonly stream: "output" | "stderr"
  readonly bytes: Uint8Array
}

/** What happens to a session. No event bears more bytes than the window holds. */
export type SessionEvent =
  | { readonly _tag: "Output"; readonly shown: Shown }
  | { readonly _tag: "User"; readonly action: Action }
  /** Every frame up to `seq` is on the hub's stable storage. */
  | { readonly _tag: "Durable"; readonly seq: number }

/** What is to be done, in this order. */
export type Decision =
  /** Give every sink this frame; sequence numbers count these decisions, from 1. */
  | { readonly _tag: "RecordShown"; readonly shown: Shown }
  | { readonly _tag: "RecordAction"; readonly action: Action; readonly masked: boolean }
  /** Let the user see it. */
  | { readonly _tag: "Show"; readonly shown: Shown }
  /** Let it happen to the program. */
  | { readonly _tag: "Do"; readonly action: Action }

interface Recorded {
  readonly seq: number
  readonly bytes: number
}

interface Uncommitted {
  readonly seq: number
  readonly action: Action
}

/** How far a session may run ahead of what is durable, and what waits for that. */
export interface PolicyState {
  readonly mode: RecordingMode
  /** Bytes that may be recorded and not yet durable. */
  readonly window: number
  /** Whether what is typed while the terminal does not echo is recorded too. */
  readonly recordSecrets: boolean
  /** The last frame recorded. */
  readonly seq: number
  /** Frames that are not yet durable, and their bytes together. */
  readonly outstanding: Fifo.Fifo<Recorded>
  readonly outstandingBytes: number
  /** Waits for room in the window; neither recorded nor seen. */
  readonly waitingOutput: Fifo.Fifo<Shown>
  /** Waits for room in the window; neither recorded nor done. */
  readonly waitingActions: Fifo.Fifo<Action>
  /** Recorded, and not done before it is durable. */
  readonly uncommitted: Fifo.Fifo<Uncommitted>
}

export const initial = (options: {
  readonly mode: RecordingMode
  readonly window: number
  readonly recordSecrets: boolean
}): PolicyState => ({
  ...options,
  seq: 0,
  outstanding: Fifo.empty,
  outstandingBytes: 0,
  waitingOutput: Fifo.empty,
  waitingActions: Fifo.empty,
  uncommitted: Fifo.empty,
})

/** Whether more of the program's output is wanted, and more of what the user does. */
export const wants = (state: PolicyState): { readonly output: boolean; readonly actions: boolean } => ({
  output: state.waitingOutput.size === 0,
  actions: state.waitingActions.size === 0 && state.uncommitted.size === 0,
})

/**
 * Whether an action can make the program do something: a signal, or typing with a control character in it (Enter, ^C,
 * ^D, ESC …). Printable typing only fills its line buffer, as far as anybody can tell from outside.
 */
export const canAct = (action: Action): boolean =>
  action._tag === "Signal" || (action._tag === "Type" && action.bytes.some((byte) => byte < 0x20 || byte === 0x7f))

const sizeOf = (action: Action): number => (action._tag === "Type" ? action.bytes.length : 0)

/** What kind of frame records an action. */
export const kindOf = (action: Action): FrameKind =>
  action._tag === "Type" ? FrameKind.Input : action._tag === "Resize" ? FrameKind.Resize : FrameKind.Signal

/**
 * Decides what a session does next; the law is the table of modes. `node-sync`: nothing runs further than the window
 * ahead of what is durable at the hub, and what can make the program act is done only once it is durable, with all
 * before it (commit before execute). `node`: everything is recorded, nothing waits. `off`: nothing is recorded.
 */
export const step = (state: PolicyState, event: SessionEvent): readonly [PolicyState, ReadonlyArray<Decision>] => {
  const next = new Step(state)
  switch (event._tag) {
    case "Output":
      next.output(event.shown)
      break
    case "User":
      next.action(event.action)
      break
    case "Durable":
      next.durable(event.seq)
      break
  }
  return [next.state, next.decisions]
}

/** One step in the making: the decisions so far, and the state that they lead to. */
class Step {
  readonly decisions: Array<Decision> = []
  state: PolicyState

  constructor(state: PolicyState) {
    this.state = state
  }

  output(shown: Shown): void {
    this.state = { ...this.state, waitingOutput: Fifo.add(this.state.waitingOutput, shown) }
    this.admit()
  }

  action(action: Action): void {
    this.state = { ...this.state, waitingActions: Fifo.add(this.state.waitingActions, action) }
    this.admit()
  }

  durable(seq: number): void {
    let { outstanding, outstandingBytes } = this.state
    for (let first = Fifo.peek(outstanding); first !== undefined && first.seq <= seq; first = Fifo.peek(outstanding)) {
      outstanding = Fifo.rest(outstanding)
      outstandingBytes -= first.bytes
    }
    this.state = { ...this.state, outstanding, outstandingBytes }
    this.commit(seq)
    this.admit()
  }

  /** Does what is durable now, and what only stood behind it. */
  private commit(durable: number): void {
    let queue = this.state.uncommitted
    for (let first = Fifo.peek(queue); first !== undefined; first = Fifo.peek(queue)) {
      if (first.seq > durable && canAct(first.action)) break
      this.decisions.push({ _tag: "Do", action: first.action })
      queue = Fifo.rest(queue)
    }
    this.state = { ...this.state, uncommitted: queue }
  }

  /** Records as much of what waits as the window has room for: first the user, so that a flood can be stopped. */
  private admit(): void {
    const { waitingActions, waitingOutput } = this.state
    for (let queue = waitingActions, first = Fifo.peek(queue); first !== undefined; first = Fifo.peek(queue)) {
      if (!this.fits(sizeOf(first))) break
      queue = Fifo.rest(queue)
      this.state = { ...this.state, waitingActions: queue }
      this.recordAction(first)
    }
    for (let queue = waitingOutput, first = Fifo.peek(queue); first !== undefined; first = Fifo.peek(queue)) {
      if (!this.fits(first.bytes.length)) break
      queue = Fifo.rest(queue)
      this.state = { ...this.state, waitingOutput: queue }
      this.record({ _tag: "RecordShown", shown: first }, first.bytes.length)
      this.decisions.push({ _tag: "Show", shown: first })
    }
  }

  private recordAction(action: Action): void {
    const masked = action._tag === "Type" && !action.echoed && !this.state.recordSecrets
    this.record({ _tag: "RecordAction", action, masked }, sizeOf(action))
    if (this.state.mode === "node-sync" && (this.state.uncommitted.size > 0 || canAct(action))) {
      const uncommitted = Fifo.add(this.state.uncommitted, { seq: this.state.seq, action })
      this.state = { ...this.state, uncommitted }
    } else {
      this.decisions.push({ _tag: "Do", action })
    }
  }

  private record(decision: Decision, bytes: number): void {
    if (this.state.mode === "off") return
    const seq = this.state.seq + 1
    this.decisions.push(decision)
    this.state = { ...this.state, seq }
    if (this.state.mode !== "node-sync") return
    this.state = {
      ...this.state,
      outstanding: Fifo.add(this.state.outstanding, { seq, bytes }),
      outstandingBytes: this.state.outstandingBytes + bytes,
    }
  }

  private fits(bytes: number): boolean {
    return this.state.mode !== "node-sync" || this.state.outstandingBytes + bytes <= this.state.window
  }
}
