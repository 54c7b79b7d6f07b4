import type { Relay } from "../e2e/support/Relay.ts"
import type { ChaosCluster } from "./ChaosCluster.ts"
import type { ChaosSession } from "./ChaosSession.ts"
import { bytesBeforeCut, clockStep, type Fault, type FaultKind, isTolerated } from "./Fault.ts"
import { liveProcesses } from "./sessionProcesses.ts"

/** What there is to strike. */
export interface Targets {
  readonly chaos: ChaosCluster
  /** Sessions that have begun. */
  readonly sessions: ReadonlyArray<ChaosSession>
}

/** Undoes a fault. */
export type Undo = () => void | Promise<void>

const nothing: Undo = () => {}

type Injection = (fault: Fault, targets: Targets) => Undo

const kill: Injection = ({ target }, { chaos }) => {
  const program = chaos.program(target)
  program.kill("SIGKILL")
  return async () => {
    await program.ended
    await chaos.start(target)
  }
}

const stop: Injection = ({ target }, { chaos }) => {
  const program = chaos.program(target)
  program.kill("SIGSTOP")
  return () => program.kill("SIGCONT")
}

/** Only what an agent of this cluster started, and has not reaped: a process id may be another's by now. */
const killShell: Injection = ({ draw }, { chaos, sessions }) => {
  const agents = new Set(chaos.nodes.map((node) => chaos.program(node).pid))
  const ours = new Set(liveProcesses().flatMap(({ pid, parent }) => (agents.has(parent) ? [pid] : [])))
  const alive = sessions.filter(({ shell }) => shell !== undefined && ours.has(shell))
  alive[Math.floor(draw * alive.length)]?.killShell()
  return nothing
}

const killClient: Injection = ({ draw }, { sessions }) => {
  const running = sessions.filter((session) => session.running)
  running[Math.floor(draw * running.length)]?.kill()
  return nothing
}

const onNetwork =
  (strike: (relay: Relay, fault: Fault) => void, undo: (relay: Relay) => void): Injection =>
  (fault, { chaos }) => {
    const relay = chaos.relay(fault.target)
    strike(relay, fault)
    return () => undo(relay)
  }

const heal = (relay: Relay) => relay.heal()

const fillDisk: Injection = ({ target }, { chaos }) => {
  const disk = chaos.disk(target)
  disk?.fill()
  return () => disk?.free()
}

/** A step that is tolerated stays until the trial is accounted for: nothing may need the right time to come to its end. */
const stepClock: Injection = (fault, { chaos }) => {
  const clock = chaos.clock(fault.target)
  clock?.step(clockStep(fault))
  return isTolerated(fault) ? nothing : () => clock?.step(0)
}

const injections: Record<FaultKind, Injection> = {
  "kill-agent": kill,
  "kill-hub": kill,
  "kill-shell": killShell,
  "kill-client": killClient,
  "stop-agent": stop,
  "stop-hub": stop,
  cut: onNetwork((relay) => relay.cut(), heal),
  "cut-mid": onNetwork(
    (relay, fault) => relay.cutAfter(bytesBeforeCut(fault)),
    () => {},
  ),
  "cut-recordings": onNetwork((relay) => relay.cut("recordings"), heal),
  stall: onNetwork((relay) => relay.stall(), heal),
  vanish: onNetwork(
    (relay) => relay.stall(),
    (relay) => relay.healNew(),
  ),
  throttle: onNetwork((relay, { draw }) => relay.throttle(2_000 + draw * 100_000), heal),
  "disk-hub": fillDisk,
  "disk-agent": fillDisk,
  "clock-hub": stepClock,
  "clock-agent": stepClock,
}

/** Makes a fault happen; it lasts until it is undone. */
export const inject = (fault: Fault, targets: Targets): Undo => injections[fault.kind](fault, targets)
