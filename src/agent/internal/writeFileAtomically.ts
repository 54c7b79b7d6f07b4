import * as fs from "node:fs"
import { dirname } from "node:path"

/** Puts a file, 0600, in its place: whole and durable, or not at all. Throws what node:fs throws. */
export const writeFileAtomically = (path: string, content: string): void => {
  const draft = `${path}.${process.pid}.new`
  const file = fs.openSync(draft, "w", 0o600)
  try {
    fs.writeFileSync(file, content)
    fs.fsyncSync(file)
  } finally {
    fs.closeSync(file)
  }
  fs.renameSync(draft, path)
  const directory = fs.openSync(dirname(path), "r")
  try {
    fs.fsyncSync(directory)
  } finally {
    fs.closeSync(directory)
  }
}
