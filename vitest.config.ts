import { defineConfig } from "vitest/config"

const e2e = "test/e2e/**/*.test.ts"

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
    coverage: { include: ["src/**"], exclude: ["src/**/gen/**"], reporter: ["text-summary"] },
    projects: [
      { extends: true, test: { name: "unit", include: ["test/**/*.test.ts"], exclude: [e2e] } },
      { extends: true, test: { name: "e2e", include: [e2e], globalSetup: ["test/e2e/support/build.ts"] } },
    ],
  },
})
