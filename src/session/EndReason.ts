import { Context, Option, Ref } from "effect"

/**
 * Why the session that this fiber runs is ended from outside, in words for its user, its recording and the audit log.
 * Whoever interrupts a session tells it here before: see `SessionRegistry`. The first reason stays.
 */
export class EndReason extends Context.Reference<EndReason>()("mezite/session/EndReason", {
  defaultValue: () => Ref.unsafeMake(Option.none<string>()),
}) {}
