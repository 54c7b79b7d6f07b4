/** The parts of ssh2 that are used here and `@types/ssh2` does not know. */
declare module "ssh2/lib/Channel.js" {
  export const Channel: new (client: object, info: object, options: { readonly server: boolean }) => object
}
declare module "ssh2/lib/protocol/handlers.js" {
  const handlers: Array<((protocol: object, payload: Buffer) => unknown) | undefined>
  export default handlers
}
declare module "ssh2/lib/protocol/kex.js" {
  export const KexInit: new (lists: object) => object
}
declare module "ssh2/lib/protocol/utils.js" {
  export const sendPacket: (protocol: object, packet: Buffer, evenInExchange?: boolean) => boolean
}
