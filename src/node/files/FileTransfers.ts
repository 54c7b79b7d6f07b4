import { Context, Effect, Either, Layer } from "effect"
import type { Exit as ProgramExit } from "../../domain/SessionEnd.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import type { SessionChannel } from "../../ssh/SessionChannel.ts"
import { AuditReports } from "../audit/AuditReports.ts"
import { ReportFailed } from "../audit/ReportFailed.ts"
import type { MachineLogin } from "../machine/Machine.ts"
import { NodeHost } from "../NodeHost.ts"
import { endReason } from "../session/endReason.ts"
import { failed, farewell } from "../session/farewell.ts"
import { notice } from "../session/sessionMessages.ts"
import { sessionRejected } from "../session/sessionRejected.ts"
import type { FileTransfer } from "./FileTransfer.ts"
import { type Passed, passBytes } from "./internal/passBytes.ts"
import { type TransferAudit, transferAudit } from "./internal/transferAudit.ts"

/** A transfer that a client asks for. */
export interface RequestedTransfer {
  readonly info: SessionInfo
  readonly login: MachineLogin
  readonly transfer: FileTransfer
  readonly channel: SessionChannel
  readonly isAllowed: boolean
}

const refusal = "file transfers are not allowed for you on this node"

/** As long as the hub may be silent in a session that is recorded there. */
const confirmationLimit = "5 seconds"

const unconfirmed = new ReportFailed({
  message: "the transfer has not begun: the hub does not confirm that it knows of it; try again",
})

/** Runs file transfers: what they carry is not recorded, what they do is audited. */
export class FileTransfers extends Context.Tag("mezite/node/FileTransfers")<
  FileTransfers,
  {
    /** Until its program has ended. In `node-sync` it begins once the hub has stored that it does. */
    readonly run: (requested: RequestedTransfer) => Effect.Effect<void>
  }
>() {
  static readonly layer: Layer.Layer<FileTransfers, never, AuditReports> = Layer.effect(
    FileTransfers,
    Effect.gen(function* () {
      const [reports, host] = [yield* AuditReports, yield* NodeHost]
      return {
        run: (requested: RequestedTransfer) =>
          requested.isAllowed ? run(reports, host, requested) : refuse(reports, requested, refusal),
      }
    }),
  )
}

const refuse = Effect.fnUntraced(function* (
  reports: AuditReports["Type"],
  { info, channel }: RequestedTransfer,
  reason: string,
) {
  yield* Effect.logWarning(`refused: ${reason}`)
  yield* reports.tell(sessionRejected(info, reason))
  yield* farewell(channel, notice(reason, false), failed)
})

/** Where the hub records sessions as they run, it must know of this one too before it begins. */
const begin = (audit: TransferAudit, { mode }: SessionInfo) =>
  Effect.flatMap(audit.started, ({ delivered }) =>
    mode === "node-sync"
      ? Effect.timeoutFail(delivered, { duration: confirmationLimit, onTimeout: () => unconfirmed })
      : Effect.void,
  )

const run = Effect.fn("FileTransfers.run")(function* (
  reports: AuditReports["Type"],
  host: NodeHost["Type"],
  requested: RequestedTransfer,
) {
  const { info, channel } = requested
  const audit = yield* transferAudit(reports, requested.transfer, info, host)
  const begun = yield* Effect.either(begin(audit, info))
  if (Either.isLeft(begun)) return yield* refuse(reports, requested, begun.left.message)

  const passed: Passed = { fromClient: 0, toClient: 0 }
  const end = (detail: Record<string, unknown>) =>
    audit.ended({ ...detail, bytes_from_client: passed.fromClient, bytes_to_client: passed.toClient })
  const stop = (reason: string) =>
    Effect.logWarning(`the transfer has ended: ${reason}`).pipe(
      Effect.zipRight(end({ reason })),
      Effect.zipRight(farewell(channel, notice(`the transfer has ended: ${reason}`, false), failed)),
    )
  yield* passBytes({ ...requested, audit, passed }).pipe(
    Effect.scoped,
    Effect.matchEffect({
      onSuccess: (exit) => Effect.zipRight(end(exitDetail(exit)), channel.exit(exit)),
      onFailure: ({ message }) => stop(message),
    }),
    Effect.tapDefect((cause) =>
      Effect.zipRight(Effect.logError("a transfer failed", cause), stop(`the ${host} failed; its log tells why`)),
    ),
    // Whoever interrupts it tells the user.
    Effect.onInterrupt(() => Effect.flatMap(endReason(host), (reason) => end({ reason }))),
  )
}, Effect.scoped)

const exitDetail = (exit: ProgramExit) =>
  exit._tag === "Code" ? { exit_code: exit.code } : { exit_signal: exit.signal }
