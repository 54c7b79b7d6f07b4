import type { AccessGrant } from "../../src/domain/AccessGrant.ts"
import { Login, UserName } from "../../src/domain/Identifiers.ts"

/** A grant of all there is, for these logins. */
export const fullGrant = (user: string, logins: ReadonlyArray<string> = ["root"]): AccessGrant => ({
  user: UserName.make(user),
  logins: logins.map((login) => Login.make(login)),
  portForwarding: true,
  fileTransfer: true,
  agentForwarding: true,
  sessionTtlMs: null,
})
