import { type Effect, Option, type Scope } from "effect"
import type { FileTransfer } from "../../node/files/FileTransfer.ts"
import type { Terminal } from "../../session/Terminal.ts"
import type { TerminalError } from "../../session/TerminalError.ts"
import type { LoginUser } from "../terminal/LoginUser.ts"
import { Pipes } from "../terminal/Pipes.ts"
import { executableOf } from "./internal/executableOf.ts"
import { transferEnvironment } from "./internal/transferEnvironment.ts"

/** Starts a transfer's program as the login, with no shell between; it ends with the scope. */
export const startTransfer = (
  user: LoginUser,
  transfer: FileTransfer,
): Effect.Effect<Terminal, TerminalError, Scope.Scope> =>
  Pipes.open({
    user,
    environment: transferEnvironment(user),
    command: Option.some(executableOf(transfer)),
    gate: Option.none(),
  })
