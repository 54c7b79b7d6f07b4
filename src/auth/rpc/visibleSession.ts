import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Option } from "effect"
import { NotFound } from "../../api/ApiError.ts"
import type { Identity } from "../../api/Identity.ts"
import type { SessionId } from "../../domain/Identifiers.ts"
import { isVisible, sessionScope } from "../access/SessionScope.ts"
import type { SessionRow } from "../sessions/SessionRecord.ts"
import { Sessions } from "../sessions/Sessions.ts"

/**
 * Finds a session that the caller may see. What is another's fails exactly as what doesn't exist: that there is a session is no news for
 * everybody.
 */
export const visibleSession = Effect.map(
  Sessions,
  (sessions) =>
    (caller: Identity, id: SessionId): Effect.Effect<SessionRow, NotFound | SqlError> =>
      Effect.flatMap(sessions.get(id), (found) =>
        Option.match(
          Option.filter(found, (row) => isVisible(sessionScope(caller), row)),
          {
            onNone: () => new NotFound({ message: `there is no session ${id}` }),
            onSome: Effect.succeed,
          },
        ),
      ),
)
