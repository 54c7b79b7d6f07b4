// Prints `N passed, N failed` from vitest's JSON report; a file that fails without any of its tests counts as one.
import { readFileSync } from "node:fs"

const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(process.argv[2], "utf8"))
const failedFiles = testResults.filter(
  ({ status, assertionResults }) =>
    status === "failed" && !assertionResults.some((assertion) => assertion.status === "failed"),
)
for (const { name, message } of failedFiles) console.log(`${name}: ${message}`)
const failed = numFailedTests + failedFiles.length
console.log(`${numPassedTests} passed, ${failed} failed`)
process.exitCode = failed > 0 || numPassedTests === 0 ? 1 : 0
