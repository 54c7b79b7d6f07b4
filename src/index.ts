/** Mezite as a library: the recording format and the session pipeline. */
export * as Recording from "./recording/index.ts"
