import { Context } from "effect"

/**
 * By which way a session's client comes, or an order: the address of the hub between them. Sessions go with the way that their
 * clients came by, and not with another. Empty where there is no more than one.
 */
export class ClientWay extends Context.Reference<ClientWay>()("mezite/session/ClientWay", {
  defaultValue: () => "",
}) {}
