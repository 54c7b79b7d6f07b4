import type { LockInfo } from "../../api/ClusterRpcs.ts"
import type { Lock, LockId, LockTarget } from "../../domain/Lock.ts"

/** A row of `locks`; PostgreSQL gives its BIGINTs as text. */
export interface LockRow {
  readonly id: LockId
  readonly kind: LockTarget["kind"]
  readonly name: string
  readonly reason: string
  readonly created_by: string
  readonly created_ms: number | string
  readonly expires_ms: number | string | null
}

/** The lock that a row stores; what is stored was checked when it came in. */
export const lockOf = ({ id, kind, name, reason }: LockRow): Lock => ({
  id,
  target: { kind, name } as LockTarget,
  reason,
})

const time = (ms: number | string) => new Date(Number(ms)).toISOString()

/** The lock as the API shows it. */
export const shownLock = ({ id, kind, name, reason, created_by, created_ms, expires_ms }: LockRow): LockInfo => ({
  id,
  user: null,
  node: null,
  login: null,
  [kind]: name,
  reason,
  created_by,
  created_at: time(created_ms),
  expires_at: expires_ms === null ? null : time(expires_ms),
})
