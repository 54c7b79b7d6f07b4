const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there (connection refused)",
  ECONNRESET: "it closed the connection",
  EPIPE: "it closed the connection",
  ENOTFOUND: "there is no such host name",
  EAI_AGAIN: "its name cannot be resolved now",
  ETIMEDOUT: "it does not answer",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "the network is unreachable",
  ENOENT: "there is no such socket; is the hub running on this machine?",
  EACCES: "permission denied",
}

/** A network error in words that a person can act upon. */
export const plainReason = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const inner = error instanceof AggregateError ? error.errors[0] : error
  const code = inner instanceof Error && "code" in inner ? String(inner.code) : ""
  return reasons[code] ?? (inner instanceof Error && inner.message !== "" ? inner.message : error.message)
}
