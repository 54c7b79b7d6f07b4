import { Context } from "effect"

/**
 * The address that a connection comes from, for the audit log; null where there is none (the unix socket). Whoever
 * takes connections provides it to the effect that serves one; the calls made through it inherit it.
 */
export class CallerAddress extends Context.Reference<CallerAddress>()("mezite/auth/CallerAddress", {
  defaultValue: (): string | null => null,
}) {}
