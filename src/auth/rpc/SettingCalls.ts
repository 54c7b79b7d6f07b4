import { Effect } from "effect"
import { nameOf } from "../access/RpcAccess.ts"
import { ClusterKeys } from "../keys/ClusterKeys.ts"
import { Settings } from "../settings/Settings.ts"
import type { Calls } from "./Calls.ts"
import { guarded } from "./Guard.ts"

/** The calls about the cluster's settings and authorities. */
export const settingCalls = Effect.gen(function* () {
  const [settings, keys] = [yield* Settings, yield* ClusterKeys]
  return {
    ConfigGet: ({ key }) => guarded("ConfigGet", () => settings.get(key)),
    ConfigSet: ({ key, value }) => guarded("ConfigSet", (caller) => settings.set(key, value, nameOf(caller))),
    ConfigList: () => guarded("ConfigList", () => settings.list),
    CaExport: ({ type }) =>
      guarded("CaExport", () => Effect.succeed((type === "user" ? keys.userCa : keys.hostCa).publicLine)),
  } satisfies Calls<"ConfigGet" | "ConfigSet" | "ConfigList" | "CaExport">
})
