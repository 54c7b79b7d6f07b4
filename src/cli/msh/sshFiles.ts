import { join } from "node:path"
import { Effect, Either, Redacted } from "effect"
import { parseHubAddresses } from "../../api/HubAddress.ts"
import type { CommandFailed } from "../CommandFailed.ts"
import type { Identity } from "../IdentityFile.ts"
import { writePrivateFile } from "../PrivateFile.ts"

/** Where OpenSSH finds what it needs to act as the user. */
export interface SshFiles {
  readonly key: string
  readonly certificate: string
  readonly knownHosts: string
}

/** Where the front doors are: of each hub that the cluster told of, or else of the one that was given. */
export const frontDoors = ({
  hub,
  credentials: { cluster },
}: Identity): ReadonlyArray<{ host: string; port: number }> => {
  const told = cluster.hubs.length > 0 ? cluster.hubs : [{ address: hub, ssh_port: cluster.ssh_port }]
  return told.flatMap(({ address, ssh_port: port }) =>
    Either.match(parseHubAddresses(address), {
      onLeft: () => [],
      onRight: (hubs) => (port === null ? [] : hubs.map(({ host }) => ({ host, port }))),
    }),
  )
}

/** How known_hosts names a host: with its port where that is not 22 (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
const knownHost = (host: string, port: number): string => (port === 22 ? host : `[${host}]:${port}`)

const keyWords = (line: string): string => line.trim().split(/\s+/, 2).join(" ")

/** The nodes by the cluster's host CA, and the front doors by their key. */
export const knownHosts = (identity: Identity): string => {
  const { cluster, host_ca, ssh_host_key } = identity.credentials.cluster
  const nodes = `@cert-authority *.${cluster} ${keyWords(host_ca)}\n`
  return frontDoors(identity).reduce(
    (text, { host, port }) => `${text}${knownHost(host, port)} ${keyWords(ssh_host_key)}\n`,
    nodes,
  )
}

/** Writes the key, the certificate and the known hosts for OpenSSH into `directory`, all 0600. */
export const writeSshFiles = (directory: string, identity: Identity): Effect.Effect<SshFiles, CommandFailed> =>
  Effect.gen(function* () {
    const files = {
      key: join(directory, "id_ed25519"),
      certificate: join(directory, "id_ed25519-cert.pub"),
      knownHosts: join(directory, "known_hosts"),
    }
    yield* writePrivateFile(files.key, Redacted.value(identity.private_key))
    yield* writePrivateFile(files.certificate, `${identity.credentials.certificate.trim()}\n`)
    yield* writePrivateFile(files.knownHosts, knownHosts(identity))
    return files
  })
