import type { Losses } from "../ProbeRecord.ts"

/** What can be lost, and what is said of it. */
export type LossKind = keyof Losses

export const lossKinds: ReadonlyArray<LossKind> = ["commands", "files", "connections", "processes"]

const cameTooFast = "they came faster than they could be taken"

const texts: Record<LossKind, string> = {
  commands: `commands or their ends were lost: ${cameTooFast}`,
  files: `opened files were lost: ${cameTooFast}`,
  connections: `connections or their outcomes were lost: ${cameTooFast}`,
  processes: "processes could not be followed, and what they and their children did was lost",
}

/** For people: why something is missing. */
export const lossText = (kind: LossKind): string => texts[kind]
