import { Context, type Effect } from "effect"

/** What only the running hub knows of itself. */
export class HubFacts extends Context.Tag("mezite/auth/HubFacts")<
  HubFacts,
  {
    readonly version: string
    /** Port of the SSH front door; null where it doesn't listen. */
    readonly sshPort: Effect.Effect<number | null>
  }
>() {}
