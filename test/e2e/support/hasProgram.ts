import { spawnSync } from "node:child_process"

/** Whether this machine has a program. */
export const hasProgram = (name: string): boolean =>
  spawnSync("/bin/sh", ["-c", 'command -v "$1"', "sh", name], { stdio: "ignore" }).status === 0
