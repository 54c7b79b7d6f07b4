import type { RecordingMode } from "../domain/RecordingMode.ts"
import { type Action, canAct, type RecordedAction } from "./Action.ts"
import * as Fifo from "./Fifo.ts"
import { pieces } from "./internal/pieces.ts"
import type { Observed } from "./Observation.ts"

/** What the program wrote. */
export interface Shown {
  readonly stream: "output" | "stderr"
  readonly bytes: Uint8Array
}

/** What happens to a session. */
export type SessionEvent =
  | { readonly _tag: "Output"; readonly shown: Shown }
  | { readonly _tag: "User"; readonly action: Action }
  | { readonly _tag: "Observed"; readonly observed: Observed }
  /** Every frame up to `seq` is on the hub's stable storage. */
  | { readonly _tag: "Durable"; readonly seq: number }

/** What is to be done, in this order. */
export type Decision =
  /** Give every sink this frame; sequence numbers count these decisions, from 1. */
  | { readonly _tag: "RecordShown"; readonly shown: Shown }
  | { readonly _tag: "RecordAction"; readonly action: RecordedAction; readonly masked: boolean }
  | { readonly _tag: "RecordObserved"; readonly observed: Observed }
  /** Let the user see it. */
  | { readonly _tag: "Show"; readonly shown: Shown }
  /** Let it happen to the program. */
  | { readonly _tag: "Do"; readonly action: Action }

/** What comes from the session itself, and may wait for room. */
type Shows = Extract<Decision, { readonly _tag: "RecordShown" | "RecordObserved" }>

interface Recorded {
  readonly seq: number
  readonly bytes: number
}

interface Uncommitted {
  readonly seq: number
  readonly action: Action
}

/** What a frame takes beside its payload: a flood of tiny ones must not outrun the window. */
const frameCost = 32

/** How far a session may run ahead of what is durable, and what waits for that. */
export interface PolicyState {
  readonly mode: RecordingMode
  /** Bytes that may be recorded and not yet durable, each frame counting for `frameCost` more; at least 64 KiB. */
  readonly window: number
  /** Whether what is typed while the terminal does not echo is recorded too. */
  readonly recordSecrets: boolean
  /** The last frame recorded. */
  readonly seq: number
  /** Frames that are not yet durable, and their bytes together; none where nothing waits for that. */
  readonly outstanding: Fifo.Fifo<Recorded>
  readonly outstandingBytes: number
  /** Waits for room in the window, in the order in which it came; neither recorded nor seen. */
  readonly waitingOutput: Fifo.Fifo<Shows>
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

/** Whether more of the program's output is wanted, and of what is observed; and more of what the user does. */
export const wants = (state: PolicyState): { readonly output: boolean; readonly actions: boolean } => ({
  output: state.waitingOutput.size === 0,
  actions: state.waitingActions.size === 0,
})

/** Whether anything waits until what was recorded is durable. */
export const waits = (state: PolicyState): boolean =>
  state.uncommitted.size > 0 || state.waitingActions.size > 0 || state.waitingOutput.size > 0

/** Whether all that the user did is done, as far as it is up to the policy. */
export const isDone = ({ waitingActions, uncommitted }: PolicyState): boolean =>
  waitingActions.size === 0 && uncommitted.size === 0

const sizeOf = (action: Action): number => (action._tag === "Type" ? action.bytes.length : 0)

const shownSize = (shows: Shows): number =>
  shows._tag === "RecordShown" ? shows.shown.bytes.length : shows.observed.payload.length

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
    case "Observed":
      next.observed(event.observed)
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
    let { waitingOutput } = this.state
    for (const bytes of pieces(shown.bytes)) {
      waitingOutput = Fifo.add(waitingOutput, { _tag: "RecordShown", shown: { ...shown, bytes } })
    }
    this.state = { ...this.state, waitingOutput }
    this.admit()
  }

  observed(observed: Observed): void {
    const waitingOutput = Fifo.add<Shows>(this.state.waitingOutput, { _tag: "RecordObserved", observed })
    this.state = { ...this.state, waitingOutput }
    this.admit()
  }

  action(action: Action): void {
    let { waitingActions } = this.state
    const parts = action._tag === "Type" ? pieces(action.bytes).map((bytes) => ({ ...action, bytes })) : [action]
    for (const part of parts) waitingActions = Fifo.add(waitingActions, part)
    this.state = { ...this.state, waitingActions }
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
    let { waitingActions, waitingOutput } = this.state
    for (let first = Fifo.peek(waitingActions); first !== undefined; first = Fifo.peek(waitingActions)) {
      if (!this.fits(sizeOf(first))) break
      waitingActions = Fifo.rest(waitingActions)
      this.take(first)
    }
    for (let first = Fifo.peek(waitingOutput); first !== undefined; first = Fifo.peek(waitingOutput)) {
      if (!this.fits(shownSize(first))) break
      waitingOutput = Fifo.rest(waitingOutput)
      this.record(first, shownSize(first))
      if (first._tag === "RecordShown") this.decisions.push({ _tag: "Show", shown: first.shown })
    }
    this.state = { ...this.state, waitingActions, waitingOutput }
  }

  private take(action: Action): void {
    if (action._tag !== "EndInput") {
      const masked = action._tag === "Type" && !action.echoed && !this.state.recordSecrets
      this.record({ _tag: "RecordAction", action, masked }, sizeOf(action))
    }
    const { outstanding, uncommitted, seq } = this.state
    if (uncommitted.size > 0 || (outstanding.size > 0 && canAct(action))) {
      this.state = { ...this.state, uncommitted: Fifo.add(uncommitted, { seq, action }) }
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
      outstanding: Fifo.add(this.state.outstanding, { seq, bytes: bytes + frameCost }),
      outstandingBytes: this.state.outstandingBytes + bytes + frameCost,
    }
  }

  private fits(bytes: number): boolean {
    return this.state.mode !== "node-sync" || this.state.outstandingBytes + bytes + frameCost <= this.state.window
  }
}
