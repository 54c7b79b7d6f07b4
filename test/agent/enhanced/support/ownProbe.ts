import { execFileSync } from "node:child_process"

/** The process of the probe that this test file has started. */
export const ownProbe = (): number => {
  const children = execFileSync("ps", ["-o", "pid=,comm=", "--ppid", `${process.pid}`], { encoding: "utf8" })
  return Number(/(\d+) probe/.exec(children)?.[1])
}
