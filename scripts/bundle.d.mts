/** Bundles programs, each with its lazily loaded parts, into a directory; to be called where package.json is. */
export const bundle: (entryPoints: ReadonlyArray<string>, outdir: string) => Promise<unknown>
