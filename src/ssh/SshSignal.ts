const names = [
  "ABRT",
  "ALRM",
  "FPE",
  "HUP",
  "ILL",
  "INT",
  "KILL",
  "PIPE",
  "QUIT",
  "SEGV",
  "TERM",
  "USR1",
  "USR2",
] as const

/** The signals that SSH has names for (RFC 4254 section 6.10), without "SIG". */
export type SshSignal = (typeof names)[number]

export const isSshSignal = (name: string): name is SshSignal => names.some((known) => known === name)
