// Builds the probe of enhanced recording into dist/native/probe: one static program, with the part that runs in the kernel
// inside. Needs the Debian packages clang, libbpf-dev, bpftool and gcc; no kernel headers, and no particular kernel.
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const here = dirname(fileURLToPath(import.meta.url))
const target = join(here, "..", "..", "..", "..", "dist", "native")

const run = (command, ...words) => execFileSync(command, words, { cwd: here, maxBuffer: 16 * 1024 * 1024 })

const fail = (message) => {
  console.error(message)
  process.exit(1)
}

if (process.platform !== "linux" || process.arch !== "x64") {
  fail(`the probe is for Linux on x86-64, and this is ${process.platform} on ${process.arch}`)
}

/** bpftool is where only root's path leads. */
process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`
for (const [command, ...packages] of [["clang"], ["bpftool"], ["gcc", "gcc", "libc6-dev"]]) {
  try {
    run(command, "--version")
  } catch {
    fail(
      `${command} is missing: apt-get install --no-install-recommends ${(packages.length > 0 ? packages : [command]).join(" ")}`,
    )
  }
}

const work = mkdtempSync(join(tmpdir(), "mezite-probe-"))
try {
  const [compiled, object] = [join(work, "compiled.o"), join(work, "probe.o")]
  const warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]
  const kernel = ["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-D__TARGET_ARCH_x86", "-I/usr/include/x86_64-linux-gnu"]
  run("clang", ...kernel, ...warnings, "-c", "probe.bpf.c", "-o", compiled)
  // Links, which leaves out what debuggers want and keeps the types that CO-RE needs.
  run("bpftool", "gen", "object", object, compiled)
  writeFileSync(join(work, "probe.skel.h"), run("bpftool", "gen", "skeleton", object, "name", "probe_bpf"))
  const sources = readdirSync(here).filter((name) => name.endsWith(".c") && !name.endsWith(".bpf.c"))
  const built = join(work, "probe")
  run("gcc", "-O2", ...warnings, "-static", "-s", `-I${work}`, ...sources, "-o", built, "-lbpf", "-lelf", "-lz")
  mkdirSync(target, { recursive: true })
  // Copied beside its place and then renamed: a running agent keeps the file that it has open.
  const temporary = join(target, `probe.${process.pid}`)
  run("cp", built, temporary)
  renameSync(temporary, join(target, "probe"))
} catch (error) {
  process.stderr.write(error.stderr ?? "")
  fail(`the probe cannot be built: ${error.message.split("\n")[0]}`)
} finally {
  rmSync(work, { recursive: true, force: true })
}
