/** The variable that processes of a session find its id in. */
export const markName = "MEZITE_SESSION_ID"

/** `NAME=VALUE` in the environment of a session's processes, by which they are found again. */
export const sessionMark = (sessionId: string): string => `${markName}=${sessionId}`
