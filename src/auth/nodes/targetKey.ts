import type { KeyObject } from "node:crypto"
import { Effect, Either } from "effect"
import { Invalid, Unavailable } from "../../api/ApiError.ts"
import { parseTargetAddress, showTargetAddress, type TargetAddress } from "../../domain/TargetAddress.ts"
import { dialTcp } from "../../ssh/dialTcp.ts"
import { parsePublicKeyBlob, parsePublicKeyLine } from "../../ssh/OpenSshKey.ts"
import type { SshFormatError } from "../../ssh/SshError.ts"
import { scanHostKey } from "../../ssh/scanHostKey.ts"

const limit = "10 seconds"

/** Where a machine is. */
export const targetAddress = (text: string): Either.Either<TargetAddress, Invalid> =>
  Either.mapLeft(parseTargetAddress(text), (message) => new Invalid({ message }))

const keyType = /(?:^|\s)((?:ssh|ecdsa)-\S+\s+\S+)/

const unusable = ({ message }: SshFormatError) => new Invalid({ message: `this host key cannot be pinned: ${message}` })

/** The key in a line of `ssh_host_*_key.pub`, or of `known_hosts` as ssh-keyscan prints it. */
export const givenTargetKey = (line: string): Either.Either<KeyObject, Invalid> =>
  Either.mapLeft(parsePublicKeyLine(keyType.exec(line)?.[1] ?? line), unusable)

/** The key that the machine at that address shows now. */
export const scannedTargetKey = (address: TargetAddress): Effect.Effect<KeyObject, Invalid | Unavailable> =>
  dialTcp(address.host, address.port, limit).pipe(
    Effect.flatMap((socket) => scanHostKey(socket, limit)),
    Effect.scoped,
    Effect.mapError(
      ({ message }) =>
        new Unavailable({
          message: `${showTargetAddress(address)} does not show a host key: ${message}; give it with --host-key to add the machine all the same`,
        }),
    ),
    Effect.flatMap((blob) => Either.mapLeft(parsePublicKeyBlob(blob), unusable)),
  )
