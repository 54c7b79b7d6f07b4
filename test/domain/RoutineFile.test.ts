import { describe, expect, it } from "vitest"
import { isRoutineFile } from "../../src/domain/RoutineFile.ts"

const [readOnly, created] = [0, 0o101]

const isRoutine = (path: string, flags: number, error: number): boolean =>
  isRoutineFile({ timeUs: 0, pid: 1, name: "x", path: Buffer.from(path), flags, error, cut: false, unseen: false })

describe("isRoutineFile", () => {
  it.each([
    ["/usr/lib/x86_64-linux-gnu/libc.so.6", readOnly, 0],
    ["/etc/ld.so.preload", readOnly, 2],
    ["/proc/self/maps", readOnly, 0],
    ["/dev/null", created, 0],
    ["/dev/tty", 2, 6],
    ["/home/ann/.bashrc", readOnly, 0],
  ])("is %s, opened with flags %i and error %i", (path, flags, error) => {
    expect(isRoutine(path, flags, error)).toBe(true)
  })

  it.each([
    ["/etc/shadow", readOnly, 0],
    ["/home/ann/.bashrc", created, 0],
    ["/dev/shm/evil.so", created, 0],
    ["/dev/sda", readOnly, 0],
    ["/proc/1/environ", readOnly, 0],
    ["/proc/self/task/7/mem", 2, 0],
    ["/proc/kcore", readOnly, 0],
    ["/proc/../etc/nothing", readOnly, 2],
    ["/sys/firmware/secret", readOnly, 13],
    ["/home/bob/.profile", readOnly, 13],
  ])("is not %s, opened with flags %i and error %i", (path, flags, error) => {
    expect(isRoutine(path, flags, error)).toBe(false)
  })
})
