import { Context } from "effect"

/**
 * Where the call that is being answered comes from; null for one that comes through the unix socket, and for what the hub does of
 * itself. An event that has no address of its own bears it: whoever did something is named together with where from.
 */
export class EventOrigin extends Context.Reference<EventOrigin>()("mezite/auth/EventOrigin", {
  defaultValue: (): string | null => null,
}) {}
