import { Config, Effect, Either, Option, Redacted } from "effect"
import { KeyRing } from "../../recording/KeyRing.ts"
import { MasterKey } from "../../recording/MasterKey.ts"
import { CommandFailed } from "../CommandFailed.ts"

const variable = (name: string) =>
  Effect.orDie(Config.option(Config.redacted(name))).pipe(
    Effect.map(Option.match({ onNone: () => "", onSome: Redacted.value })),
  )

const parse = (name: string, hex: string) =>
  Either.match(MasterKey.fromHex(hex), {
    onLeft: ({ message }) => Effect.fail(new CommandFailed({ message: `${name}: ${message}` })),
    onRight: Effect.succeed,
  })

/** The keys for encrypted files: `MEZITE_RECORDING_ENC_KEY`, and older ones in `MEZITE_RECORDING_ENC_KEYS_OLD`, by commas. */
export const recordingKeys: Effect.Effect<KeyRing, CommandFailed> = Effect.gen(function* () {
  const current = yield* variable("MEZITE_RECORDING_ENC_KEY")
  const old = (yield* variable("MEZITE_RECORDING_ENC_KEYS_OLD")).split(",").map((hex) => hex.trim())
  const oldKeys = yield* Effect.forEach(
    old.filter((hex) => hex !== ""),
    (hex) => parse("MEZITE_RECORDING_ENC_KEYS_OLD", hex),
  )
  return new KeyRing(current === "" ? undefined : yield* parse("MEZITE_RECORDING_ENC_KEY", current), oldKeys)
})
