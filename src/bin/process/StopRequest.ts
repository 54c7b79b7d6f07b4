import { Context, type Effect } from "effect"

/** How a service is told to stop. */
export class StopRequest extends Context.Tag("mezite/bin/StopRequest")<
  StopRequest,
  {
    /**
     * Completes at the first SIGTERM or SIGINT. Once somebody waits for it, that signal does nothing else; any other interrupts
     * the program.
     */
    readonly requested: Effect.Effect<void>
  }
>() {}
