import { setTimeout } from "node:timers/promises"
import type { Driven } from "./Workload.ts"

const everyMs = 20

/** Until this is shown, or the session has ended, or is to. */
export const untilShown = async (driven: Driven, text: string): Promise<void> => {
  while (driven.running && !driven.isOver() && !driven.shown.includes(text)) await setTimeout(everyMs)
}

/** Until it is time to come to an end, or the session has ended. */
export const untilOver = async (driven: Driven): Promise<void> => {
  while (driven.running && !driven.isOver()) await setTimeout(everyMs)
}

/** As long as a person thinks. */
export const think = (ms: number): Promise<void> => setTimeout(ms)
