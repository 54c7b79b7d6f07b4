import { Effect } from "effect"
import { home } from "../Home.ts"
import { printLine } from "../Output.ts"
import { removeIfAny } from "../PrivateFile.ts"

/** Forgets what the last login left: key, certificate, and the files for OpenSSH. */
export const logout = Effect.fn("msh.logout")(function* () {
  const place = yield* home
  yield* removeIfAny(place.identity)
  yield* removeIfAny(place.ssh)
  yield* printLine("Logged out.")
})
