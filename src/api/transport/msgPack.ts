import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import { Layer } from "effect"
import { checkMessagePack } from "./checkMessagePack.ts"

/** Every map has its keys, so that what is checked is what is decoded. */
const plain = RpcSerialization.makeMsgPack({ useRecords: false })
/** Keys are sent once for all maps that have them: lists are half as long. */
const withRecords = RpcSerialization.msgPack

const encoder = new TextEncoder()

const checked = (data: string | Uint8Array): Uint8Array => {
  const bytes = typeof data === "string" ? encoder.encode(data) : data
  const problem = checkMessagePack(bytes)
  if (problem !== undefined) throw new Error(`this is no message: ${problem}`)
  return bytes
}

const answering = (check: (data: string | Uint8Array) => string | Uint8Array) =>
  Layer.succeed(
    RpcSerialization.RpcSerialization,
    RpcSerialization.RpcSerialization.of({
      ...withRecords,
      unsafeMake: () => {
        const incoming = plain.unsafeMake()
        return { decode: (data) => incoming.decode(check(data)), encode: withRecords.unsafeMake().encode }
      },
    }),
  )

/** For a hub that anybody calls, by whole messages: each is checked before it is decoded. */
export const layerHubMsgPack = answering(checked)

/** For a hub that its own user calls, by bytes as they come. */
export const layerLocalHubMsgPack = answering((data) => data)

/** For who calls a hub. */
export const layerClientMsgPack = Layer.succeed(
  RpcSerialization.RpcSerialization,
  RpcSerialization.RpcSerialization.of({
    ...withRecords,
    unsafeMake: () => ({ decode: withRecords.unsafeMake().decode, encode: plain.unsafeMake().encode }),
  }),
)
