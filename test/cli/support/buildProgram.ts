import { mkdtemp } from "node:fs/promises"
import { join, resolve } from "node:path"
import { bundle } from "../../../scripts/bundle.mjs"

/** Bundles `msh` or `mezctl` as the build does, beside `dist`, and gives the path to run with node. */
export const buildProgram = async (name: "msh" | "mezctl"): Promise<string> => {
  const directory = await mkdtemp(join(resolve("node_modules"), ".test-cli-"))
  await bundle([`src/bin/${name}.ts`], directory)
  return join(directory, `${name}.js`)
}
