import type { Session } from "../../src/api/ClusterRpcs.ts"
import type { AuditEvent } from "../../src/domain/AuditEvent.ts"
import type { RecordingReaderOptions } from "../../src/recording/index.ts"
import type { Cluster } from "../e2e/support/Cluster.ts"
import { keyShare } from "../e2e/support/keyShare.ts"
import { storedRecording } from "../e2e/support/StoredRecording.ts"
import type { HubSession } from "./accountSession.ts"
import { nodeOf } from "./nodeOf.ts"
import type { SessionPlan } from "./SessionPlan.ts"

/** All that the hub says after a trial, as its own programs print it. */
export interface HubView {
  readonly sessions: ReadonlyArray<Session>
  readonly events: ReadonlyArray<AuditEvent>
  /** What is wrong with the audit log's chain; empty where it holds. */
  readonly auditProblem: string
}

const manyEvents = "100000"

export const hubView = async (cluster: Cluster): Promise<HubView> => {
  const list = await cluster.mezctl("audit", "ls", "--limit", manyEvents, "--format=json")
  const verified = await cluster.tryMezctl("audit", "verify")
  return {
    sessions: await cluster.sessions(),
    events: JSON.parse(list.stdout.toString()),
    auditProblem: verified.code === 0 ? "" : verified.stderr,
  }
}

/** A command bears its plan's key; a login shell is the only one on its node. */
export const belongsTo =
  ({ mode, key, workload }: SessionPlan) =>
  ({ node, command }: Session): boolean =>
    node === nodeOf(mode) && (workload.command === undefined ? command === "" : command.startsWith(`: ${key};`))

/** A session with its recording, where that can be read to its end. */
export const withRecording = (
  cluster: Cluster,
  { session_id: sessionId, status }: Session,
  options: RecordingReaderOptions,
): HubSession => {
  try {
    const keys = options.keys === undefined ? {} : { keys: options.keys.withShare(keyShare(cluster, sessionId)) }
    return { sessionId, status, recording: storedRecording(cluster.recording(sessionId), { ...options, ...keys }) }
  } catch {
    // Missing or not whole: what that means depends on the session.
    return { sessionId, status, recording: undefined }
  }
}
