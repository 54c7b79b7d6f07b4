import { createHash } from "node:crypto"
import { join } from "node:path"
import { Effect, type Option } from "effect"
import { currentIdentity, identityPath } from "../CurrentIdentity.ts"
import { home } from "../Home.ts"
import type { Identity } from "../IdentityFile.ts"
import { print } from "../Output.ts"
import { Stdio } from "../Stdio.ts"
import { frontDoors, type SshFiles, writeSshFiles } from "./sshFiles.ts"

/** A word of ssh_config: within double quotes, where `"` and `\` are escaped (OpenSSH 8.7 and later), and `%` doubled. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&").replaceAll("%", "%%")}"`

/** A word of the command that ProxyCommand gives to the shell, with `%` doubled. */
const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''").replaceAll("%", "%%")}'`

const trustLines = (files: SshFiles): ReadonlyArray<string> => [
  `  IdentityFile ${quoted(files.key)}`,
  `  CertificateFile ${quoted(files.certificate)}`,
  "  IdentitiesOnly yes",
  `  UserKnownHostsFile ${quoted(files.knownHosts)}`,
  "  StrictHostKeyChecking yes",
  // Not the client's usual first choice, but the fastest one at both ends: machines have instructions for it.
  "  Ciphers ^aes128-gcm@openssh.com,aes256-gcm@openssh.com",
]

const nodeBlock = (identity: Identity, files: SshFiles, proxy: string): ReadonlyArray<string> => [
  `Host *.${identity.credentials.cluster.cluster}`,
  `  ProxyCommand ${proxy} proxy %h`,
  ...trustLines(files),
]

/**
 * The jump hosts: as `mezite-hub` (and `mezite-hub-2`, …), and under its own name for `ssh -J USER@HUB:PORT LOGIN@NODE.CLUSTER`; there for its own port
 * alone, so that the host's ordinary SSH server is reached as if these lines were not.
 */
const jumpHostBlocks = (identity: Identity, files: SshFiles): ReadonlyArray<string> => {
  const { user } = identity.credentials
  return frontDoors(identity).flatMap(({ host, port }, index) => [
    "",
    `Host mezite-hub${index === 0 ? "" : `-${index + 1}`}`,
    `  HostName ${host}`,
    `  Port ${port}`,
    `  User ${user}`,
    ...trustLines(files),
    "",
    `Match originalhost ${host} exec "test %p = ${port}"`,
    ...trustLines(files),
  ])
}

/** Prints a part of ssh_config(5) with which plain `ssh` reaches the cluster's nodes. */
export const config = Effect.fn("msh.config")(function* (identityOption: Option.Option<string>) {
  const { identity } = yield* currentIdentity(identityOption)
  const { program } = yield* Stdio
  const path = yield* identityPath(identityOption)
  const place = yield* home
  const isLogin = path === place.identity
  const own = createHash("sha256").update(path).digest("hex").slice(0, 16)
  const files = yield* writeSshFiles(isLogin ? place.ssh : join(place.ssh, own), identity)
  // Always said, since ssh need not run with the variables that are set here.
  const proxy = [shellWord(program), "--identity", shellWord(path)].join(" ")
  const lines = [...nodeBlock(identity, files, proxy), ...jumpHostBlocks(identity, files)]
  yield* print(`${lines.join("\n")}\n`)
})
