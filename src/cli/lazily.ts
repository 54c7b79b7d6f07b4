import { Effect } from "effect"

type Run<Args extends ReadonlyArray<unknown>, A, E, R> = (...args: Args) => Effect.Effect<A, E, R>

type RunOf<F> = F extends (...args: infer Args) => Effect.Effect<infer A, infer E, infer R> ? Run<Args, A, E, R> : never

/** A module's function, loaded only once it is called, so that `--help` and `--version` don't wait for what it needs. */
export const lazily = <Module, Name extends keyof Module>(
  load: () => Promise<Module>,
  name: Name,
): RunOf<Module[Name]> => {
  const run: Run<ReadonlyArray<unknown>, unknown, unknown, unknown> = (...args) =>
    Effect.flatMap(Effect.promise(load), (module) => (module[name] as typeof run)(...args))
  return run as RunOf<Module[Name]>
}
