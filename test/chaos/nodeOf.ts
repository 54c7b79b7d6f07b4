import type { RecordingMode } from "../../src/domain/RecordingMode.ts"

/** The node whose sessions are recorded in this mode. */
export const nodeOf = (mode: RecordingMode): string => `${mode}-1`
