import { setFlagsFromString } from "node:v8"

/**
 * Lets V8's young generation stay at the size that it begins with. A service that passes bytes on makes few objects and
 * many buffers, which live outside of the heap: with a large young generation they outlive their use by so much that their
 * size alone starts a full collection, several times a second. To be called before anything else is loaded.
 */
export const keepYoungGenerationSmall = (): void => setFlagsFromString("--semi-space-growth-factor=1")
