/** What can go wrong, by the words of `--faults`. */
export const faultKinds = [
  "kill-agent",
  "kill-hub",
  "kill-shell",
  "kill-client",
  "stop-agent",
  "stop-hub",
  "cut",
  "cut-mid",
  "cut-recordings",
  "stall",
  "vanish",
  "throttle",
  "disk-hub",
  "disk-agent",
  "clock-hub",
  "clock-agent",
] as const
export type FaultKind = (typeof faultKinds)[number]

/** One fault of a trial. */
export interface Fault {
  readonly kind: FaultKind
  /** When it begins, in milliseconds: since the trial began where it is `early`, else since all sessions are under way. */
  readonly atMs: number
  readonly early: boolean
  /** How long it lasts; a program that was killed is started again after that. Infinite: until the sessions have ended. */
  readonly forMs: number
  /** The node that it strikes, or that network's end; for the network, `users` is the way of users to the hub. */
  readonly target: string
  /** Which of the sessions that run it strikes, in [0, 1); a clock's step and a cut's bytes are drawn from it too. */
  readonly draw: number
}

/** Bytes that still pass before a cut. */
export const bytesBeforeCut = ({ draw }: Fault): number => 1 + Math.floor(draw ** 3 * 200_000)

/** In seconds: what is tolerated, what only a session's start may be off by (10 minutes), and what nothing may. */
const steps = [-7_200, -1_800, -240, -25, 25, 240, 1_800, 7_200] as const

/** Clocks of the hub and of who calls it may be 60 s apart: twice this, where both are wrong. */
const toleratedStep = 25

export const clockStep = ({ draw }: Fault): number => steps[Math.floor(draw * steps.length)] ?? 0

/** Whether everything has to work as ever while a clock stays wrong like this. */
export const isTolerated = (fault: Fault): boolean => Math.abs(clockStep(fault)) <= toleratedStep

/** A fault in words, for a report. */
export const describeFault = (fault: Fault): string => {
  const { kind, target, atMs, early, forMs } = fault
  const what = kind.startsWith("clock-")
    ? ` by ${clockStep(fault)} s`
    : kind === "cut-mid"
      ? ` after ${bytesBeforeCut(fault)} bytes`
      : ""
  return `${kind} ${target}${what} at ${atMs} ms${early ? " of the start" : ""} for ${forMs} ms`
}
