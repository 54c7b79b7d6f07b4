import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** Every file below a directory, with what is in it. */
export const filesUnder = (directory: string): ReadonlyArray<readonly [path: string, content: Buffer]> =>
  readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path, readFileSync(path)] as const)
