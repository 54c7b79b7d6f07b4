import { Effect } from "effect"
import { printLine } from "../Output.ts"
import { adminHub } from "./AdminHub.ts"

/** Prints a CA's public key in OpenSSH's form, for `TrustedUserCAKeys` and `@cert-authority`. */
export const exportCa = Effect.fn("mezctl.ca.export")(function* (type: "user" | "host") {
  const client = yield* adminHub
  yield* printLine((yield* client.CaExport({ type })).trim())
}, Effect.scoped)
