/** Longer than anything that works takes, on a machine that is busy. */
const limitMs = 30_000
const everyMs = 20

/** Waits until `look` gives something other than undefined and false, and gives that; fails with what was waited for. */
export const until = async <A>(
  what: string,
  look: () => A | undefined | false | Promise<A | undefined | false>,
  withinMs = limitMs,
): Promise<A> => {
  const deadline = performance.now() + withinMs
  while (true) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`)
    await new Promise((resume) => setTimeout(resume, everyMs))
  }
}
