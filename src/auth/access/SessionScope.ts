import { Option } from "effect"
import type { Identity } from "../../api/Identity.ts"
import { permissionsOf } from "./Permissions.ts"

/** Which of the cluster's sessions somebody may see. */
export interface SessionScope {
  /**
   * Whose sessions are the own ones: those that began with a certificate for that name which is of after then (Unix milliseconds). None:
   * nobody's are.
   */
  readonly self: Option.Option<{ readonly user: string; readonly sinceMs: number }>
  readonly own: boolean
  readonly others: boolean
}

/** That of the hub itself. */
export const everySession: SessionScope = { self: Option.none(), own: true, others: true }

/** What that caller may see: the sessions of somebody who had the user's name before are not the user's own. */
export const sessionScope = (identity: Identity): SessionScope => ({
  ...permissionsOf(identity).sessions,
  self: identity._tag === "User" ? Option.some({ user: identity.user, sinceMs: identity.createdMs }) : Option.none(),
})

/** Whether a session exists as far as somebody with that scope may know. */
export const isVisible = (
  { self, own, others }: SessionScope,
  session: { readonly user_name: string; readonly certified_ms: number | string },
): boolean =>
  Option.exists(self, ({ user, sinceMs }) => session.user_name === user && Number(session.certified_ms) > sinceMs)
    ? own
    : others
