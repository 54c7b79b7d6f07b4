import { defineConfig } from "vitest/config"

const overPostgres = [
  "test/auth/{access,audit,enforcement,locks,nodes,roles,rpc,sessions,settings}/**/*.test.ts",
  "test/auth/identities/{Logins,SecondFactors,Users}.test.ts",
  "test/auth/ingest/Crash.test.ts",
]
/** Those of which only several hubs over one database are the object. */
const severalHubs = "test/auth/hubs/**/*.test.ts"
const e2e = "test/e2e/**/*.test.ts"

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most of a test is waiting for another process, so that a file for each core leaves them half idle.
    minWorkers: 1,
    maxWorkers: 3,
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
    coverage: { include: ["src/**"], exclude: ["src/**/gen/**"], reporter: ["text-summary"] },
    projects: [
      { extends: true, test: { name: "unit", include: ["test/**/*.test.ts"], exclude: [e2e, severalHubs] } },
      // The hub's services once more, over its other database.
      {
        extends: true,
        test: {
          name: "postgres",
          include: [...overPostgres, severalHubs],
          exclude: ["test/auth/audit/AuditAnchor.test.ts"],
          globalSetup: ["test/auth/support/postgres.ts"],
        },
      },
      { extends: true, test: { name: "e2e", include: [e2e], globalSetup: ["test/e2e/support/build.ts"] } },
    ],
  },
})
