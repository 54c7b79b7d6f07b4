import * as SqlClient from "@effect/sql/SqlClient"
import { Effect } from "effect"

// Times are Unix milliseconds, lists and maps JSON, digests hex. The types are those that SQLite and PostgreSQL share.
const statements = [
  `CREATE TABLE cluster_keys (
    id TEXT PRIMARY KEY,
    private_key TEXT NOT NULL,
    public_key TEXT NOT NULL,
    created_ms BIGINT NOT NULL
  )`,
  `CREATE TABLE users (
    name TEXT PRIMARY KEY,
    roles TEXT NOT NULL,
    logins TEXT NOT NULL,
    password TEXT,
    invite_digest TEXT,
    invite_expires_ms BIGINT,
    created_ms BIGINT NOT NULL,
    credentials_since_ms BIGINT NOT NULL
  )`,
  `CREATE TABLE second_factors (
    user_name TEXT PRIMARY KEY REFERENCES users (name) ON DELETE CASCADE,
    secret TEXT NOT NULL,
    confirmed_ms BIGINT,
    last_step BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    blocked_until_ms BIGINT NOT NULL
  )`,
  `CREATE TABLE roles (
    name TEXT PRIMARY KEY,
    document TEXT NOT NULL
  )`,
  `CREATE TABLE join_tokens (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    created_by TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    labels TEXT
  )`,
  `CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    labels TEXT NOT NULL,
    claimed_labels TEXT NOT NULL,
    identity_key TEXT NOT NULL,
    host_key TEXT NOT NULL,
    version TEXT NOT NULL,
    joined_ms BIGINT NOT NULL,
    last_seen_ms BIGINT,
    mode TEXT,
    mode_source TEXT
  )`,
  `CREATE TABLE openssh_nodes (
    node_id TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    logins TEXT NOT NULL,
    target_key TEXT NOT NULL,
    identity_private TEXT NOT NULL,
    host_private TEXT NOT NULL
  )`,
  `CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  )`,
  `CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    user_name TEXT NOT NULL,
    login TEXT NOT NULL,
    node TEXT NOT NULL,
    remote_address TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    certified_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    mode TEXT NOT NULL,
    mode_source TEXT NOT NULL,
    status TEXT NOT NULL,
    command TEXT NOT NULL,
    exit_code INTEGER,
    exit_signal TEXT,
    reason TEXT NOT NULL,
    end_audited INTEGER NOT NULL,
    recording_bytes BIGINT,
    recording_digest TEXT,
    ended_by TEXT,
    end_order TEXT
  )`,
  `CREATE TABLE hubs (
    id TEXT PRIMARY KEY,
    address TEXT,
    ssh_port INTEGER,
    alone INTEGER NOT NULL,
    recording_keys TEXT NOT NULL,
    seen_ms BIGINT NOT NULL
  )`,
  "CREATE TABLE session_hubs (session_id TEXT PRIMARY KEY, hub_id TEXT NOT NULL)",
  `CREATE TABLE recordings (
    session_id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    frames BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    trouble TEXT,
    stored_ms BIGINT,
    share TEXT,
    shredded INTEGER NOT NULL,
    held_ms BIGINT,
    held_by TEXT,
    hold_reason TEXT,
    deleted_ms BIGINT,
    deleted_by TEXT,
    delete_reason TEXT
  )`,
  "CREATE INDEX recordings_by_state ON recordings (state, session_id)",
  "CREATE INDEX sessions_by_time ON sessions (started_ms, session_id)",
  "CREATE INDEX sessions_by_user ON sessions (user_name, started_ms, session_id)",
  "CREATE INDEX sessions_by_node ON sessions (node, started_ms, session_id)",
  "CREATE INDEX sessions_by_status ON sessions (status, started_ms, session_id)",
  "CREATE INDEX sessions_to_end ON sessions (session_id) WHERE ended_by IS NOT NULL AND ended_ms IS NULL",
  `CREATE TABLE locks (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT
  )`,
  "CREATE INDEX locks_by_target ON locks (kind, name)",
  `CREATE TABLE audit_events (
    seq BIGINT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time_ms BIGINT NOT NULL,
    type TEXT NOT NULL,
    user_name TEXT,
    session_id TEXT,
    node TEXT,
    login TEXT,
    remote_address TEXT,
    detail TEXT NOT NULL,
    digest TEXT NOT NULL
  )`,
  "CREATE INDEX audit_by_time ON audit_events (time_ms, seq, type, user_name, node)",
  "CREATE INDEX audit_by_type ON audit_events (type, time_ms, seq, user_name, node)",
  "CREATE INDEX audit_by_user ON audit_events (user_name, time_ms, seq, type, node)",
  "CREATE INDEX audit_by_session ON audit_events (session_id, time_ms, seq, type)",
  "CREATE INDEX audit_by_node ON audit_events (node, time_ms, seq, type, user_name)",
  "CREATE TABLE node_reports (node_id TEXT NOT NULL, batch_id TEXT NOT NULL, PRIMARY KEY (node_id, batch_id))",
  "CREATE TABLE audit_head (one INTEGER PRIMARY KEY, count BIGINT NOT NULL, digest TEXT NOT NULL, signature TEXT NOT NULL)",
  "INSERT INTO audit_head (one, count, digest, signature) VALUES (1, 0, '', '')",
]

const appendOnly = "BEGIN SELECT RAISE(ABORT, 'the audit log is only ever appended to'); END"

/** Against mistakes, and whoever does not know of them: whoever may change the schema can drop them. */
const sqliteTriggers = [
  `CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit_events ${appendOnly}`,
  `CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit_events ${appendOnly}`,
  `CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head ${appendOnly}`,
  `CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head WHEN NEW.count < OLD.count ${appendOnly}`,
]

const postgresTriggers = [
  `CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the audit log is only ever appended to'; END $$`,
  ...[
    "audit_no_change BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW",
    "audit_no_truncate BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT",
    "audit_head_no_truncate BEFORE TRUNCATE ON audit_head FOR EACH STATEMENT",
    "audit_head_no_delete BEFORE DELETE ON audit_head FOR EACH ROW",
    "audit_head_forward BEFORE UPDATE ON audit_head FOR EACH ROW WHEN (NEW.count < OLD.count)",
  ].map((trigger) => `CREATE TRIGGER ${trigger} EXECUTE FUNCTION audit_append_only()`),
]

/** What a hub of its own has elsewhere: in another file, or in memory, where nothing of it must survive the server's crash. */
const postgresTables = [
  `CREATE TABLE used_tokens (
    subject TEXT NOT NULL,
    token_id TEXT NOT NULL,
    until_ms BIGINT NOT NULL,
    PRIMARY KEY (subject, token_id)
  )`,
  "CREATE INDEX used_tokens_by_time ON used_tokens (until_ms)",
  "CREATE UNLOGGED TABLE login_attempts (id TEXT PRIMARY KEY, state TEXT NOT NULL, at_ms BIGINT NOT NULL)",
  "CREATE INDEX login_attempts_by_time ON login_attempts (at_ms)",
]

/** The tables of the first release. */
export const initialSchema = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const own = sql.onDialectOrElse({
    sqlite: () => sqliteTriggers,
    pg: () => [...postgresTables, ...postgresTriggers],
    orElse: () => [],
  })
  yield* Effect.forEach([...statements, ...own], (statement) => sql.unsafe(statement), { discard: true })
})
