/** Lets the event loop turn, so that a test's runner hears that a long test lives. */
export const breathe = (): Promise<void> => new Promise((resume) => setImmediate(resume))
