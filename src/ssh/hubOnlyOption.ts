/**
 * The critical option of users' certificates: they are for what is reached through a hub, which decides and records. A plain sshd
 * that trusts the same authority, for the hub's own logins there, does not know it and so has to refuse them (PROTOCOL.certkeys).
 */
export const hubOnlyOption = "hub-only@mezite"
