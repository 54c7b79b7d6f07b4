import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto"
import { Duration, Effect, Redacted } from "effect"
import type { Credentials, LoginAnswer } from "../../../src/api/PublicRpcs.ts"
import { Logins } from "../../../src/auth/identities/Logins.ts"
import { Users } from "../../../src/auth/identities/Users.ts"
import { JoinTokens } from "../../../src/auth/nodes/JoinTokens.ts"
import { Nodes } from "../../../src/auth/nodes/Nodes.ts"
import { Login, NodeName, RoleName, UserName } from "../../../src/domain/Identifiers.ts"
import type { SessionInfo } from "../../../src/domain/SessionInfo.ts"
import { certificateAuthority } from "../../../src/ssh/CertificateAuthority.ts"
import { generateEd25519, publicKeyLine } from "../../../src/ssh/OpenSshKey.ts"

const someAuthority = certificateAuthority(generateEd25519())
const someKey = generateEd25519()

/** A private key and its public line. */
export const newKey = (): { readonly privateKey: KeyObject; readonly line: string } => {
  const { privateKey } = generateKeyPairSync("ed25519")
  return { privateKey, line: publicKeyLine(privateKey, "somebody@somewhere") }
}

export const password = Redacted.make("correct horse battery")

/** A user that was added but never logged in. */
export const invited = (
  name: string,
  roles: ReadonlyArray<string> = ["user"],
  logins: ReadonlyArray<string> = ["root"],
) =>
  Effect.flatMap(Users, (users) =>
    users.add(
      {
        name: UserName.make(name),
        roles: roles.map((role) => RoleName.make(role)),
        logins: logins.map((login) => Login.make(login)),
      },
      "tester",
    ),
  )

/** What a login gave that needed no code. */
export const credentialsOf = (answer: LoginAnswer): Credentials => {
  if (answer._tag !== "LoggedIn") throw new Error(`the login came to ${answer._tag}`)
  return answer.credentials
}

/** A user with `password` who has just logged in with a key. */
export const loggedIn = (name: string, roles: ReadonlyArray<string> = ["user"]) =>
  Effect.gen(function* () {
    const { invite } = yield* invited(name, roles)
    const key = newKey()
    const logins = yield* Logins
    const about = { user: name, invite, password, code: null, publicKey: key.line, remoteAddress: "192.0.2.1" }
    const credentials = credentialsOf(yield* logins.login(about))
    return { key, credentials, certificate: credentials.certificate.split(" ")[1] ?? "" }
  })

/** A node that has joined. */
export const joined = (name: string) =>
  Effect.gen(function* () {
    const [tokens, nodes] = [yield* JoinTokens, yield* Nodes]
    const { token } = yield* tokens.add({ ttl: Duration.hours(1), uses: 1, labels: null }, "tester")
    const [identity, host] = [newKey(), newKey()]
    const { id, hostCertificate } = yield* nodes.join({
      token,
      name: NodeName.make(name),
      labels: { env: "test" },
      identityKey: identity.line,
      hostKey: host.line,
      remoteAddress: "192.0.2.2",
    })
    return { id, identity, host, hostCertificate }
  })

/** One of no authority that anybody knows, made when the session began. */
const certificateAt = (startedAtMs: number) => {
  const madeAt = Math.floor(startedAtMs / 1000) + 1
  return someAuthority.signUser({
    publicKey: someKey,
    keyId: "alice",
    principals: ["root"],
    validAfter: BigInt(Math.max(0, madeAt - 60)),
    validBefore: BigInt(madeAt + 3600),
    serial: 1n,
  }).blob
}

/** A session that could be. */
export const sessionInfo = (about: Partial<SessionInfo> = {}): SessionInfo => ({
  sessionId: randomUUID(),
  cluster: "test",
  user: "alice",
  login: "root",
  node: "web-1",
  remoteAddress: "192.0.2.3:4022",
  startedAtMs: 1_700_000_000_000,
  terminal: { cols: 80, rows: 24, term: "xterm" },
  command: "",
  mode: "node-sync",
  modeSource: "cluster",
  programVersion: "1.2.3",
  enhanced: false,
  userCertificate: certificateAt(about.startedAtMs ?? 1_700_000_000_000),
  ...about,
})
