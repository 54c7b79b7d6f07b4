/** `NAME=VALUE` in the environment of a session's processes, by which they are found again. */
export const sessionMark = (sessionId: string): string => `MEZITE_SESSION_ID=${sessionId}`
