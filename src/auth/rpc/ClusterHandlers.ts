import { Effect } from "effect"
import { ClusterRpcs } from "../../api/ClusterRpcs.ts"
import { auditCalls } from "./AuditCalls.ts"
import { lockCalls } from "./LockCalls.ts"
import { nodeCalls } from "./NodeCalls.ts"
import { recordingCalls } from "./RecordingCalls.ts"
import { roleCalls } from "./RoleCalls.ts"
import { sessionCalls } from "./SessionCalls.ts"
import { settingCalls } from "./SettingCalls.ts"
import { userCalls } from "./UserCalls.ts"

/** Answers users and admins; each call decides by its caller's roles. */
export const layerClusterHandlers = ClusterRpcs.toLayer(
  Effect.gen(function* () {
    return {
      ...(yield* userCalls),
      ...(yield* roleCalls),
      ...(yield* nodeCalls),
      ...(yield* lockCalls),
      ...(yield* settingCalls),
      ...(yield* auditCalls),
      ...(yield* sessionCalls),
      ...(yield* recordingCalls),
    }
  }),
)
