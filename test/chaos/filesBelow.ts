import { readdirSync } from "node:fs"
import { join } from "node:path"

/** The paths of all files in a directory and those below it. */
export const filesBelow = (directory: string): ReadonlyArray<string> =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
