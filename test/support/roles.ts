import { Either } from "effect"
import { parseRole } from "../../src/domain/parseRole.ts"
import type { Role } from "../../src/domain/Role.ts"

/** The role of a document; a wrong document is the test's fault. */
export const roleOf = (document: Readonly<Record<string, unknown>>): Role =>
  Either.getOrThrowWith(parseRole(document), (message) => new Error(message))
