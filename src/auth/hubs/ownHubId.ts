import { randomUUID } from "node:crypto"
import * as fs from "node:fs"
import { Effect, Schema } from "effect"
import { HubId } from "../../domain/Identifiers.ts"
import { FileFailed } from "../../session/FileFailed.ts"
import { writePrivateFile } from "../../session/writePrivateFile.ts"

/** This hub's identity, which it keeps in that file; a new one where there is none. */
export const ownHubId = (path: string): Effect.Effect<HubId, FileFailed> =>
  Effect.gen(function* () {
    const kept = yield* Effect.try({
      try: () => (fs.existsSync(path) ? fs.readFileSync(path, "utf8").trim() : ""),
      catch: (error) => FileFailed.of(path, error as NodeJS.ErrnoException),
    })
    if (Schema.is(HubId)(kept)) return kept
    const made = HubId.make(randomUUID())
    yield* writePrivateFile(path, `${made}\n`)
    return made
  })
