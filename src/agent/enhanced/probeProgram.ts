import { join } from "node:path"
import { nativeFolder } from "../terminal/internal/Native.ts"

/** Where the probe is, if it was built (probe/build.mjs): beside the other native parts of the package that runs. */
export const probeProgram = (): string => join(nativeFolder(), "probe")
