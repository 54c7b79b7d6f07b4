// Sees to it that the programs are there that the tests drive: as root on Debian it installs what is missing, elsewhere it
// says in one line what to install.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"

/** A command (or another file, from where commands are), and the Debian package that has it. */
const commands = {
  sshd: "openssh-server",
  ssh: "openssh-client",
  protoc: "protobuf-compiler",
  tmux: "tmux",
  rsync: "rsync",
  less: "less",
  vi: "vim-tiny",
  ps: "procps",
  openssl: "openssl",
  // Enhanced recording can be tried by root alone, on a kernel that tells its types.
  ...(process.getuid?.() === 0 && process.arch === "x64" && existsSync("/sys/kernel/btf/vmlinux")
    ? { clang: "clang", bpftool: "bpftool", "../include/bpf/bpf.h": "libbpf-dev", sudo: "sudo", perl: "perl-base" }
    : {}),
  "../lib/postgresql": "postgresql",
  // A real S3 store.
  radosgw: "radosgw",
  "ceph-mon": "ceph-mon",
  "ceph-osd": "ceph-osd",
}

const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin", "/sbin"]
const isThere = (command) => folders.some((folder) => existsSync(`${folder}/${command}`))
const missing = Object.keys(commands)
  .filter((command) => !isThere(command))
  .map((command) => commands[command])

const aptGet = (...words) => {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
  return spawnSync("apt-get", ["-qq", ...words], { stdio: ["ignore", "ignore", "inherit"], env }).status === 0
}

const install = () => aptGet("update") && aptGet("install", "-y", "--no-install-recommends", ...missing)

if (missing.length > 0) {
  const mayInstall = process.getuid?.() === 0 && isThere("apt-get")
  if (mayInstall) console.log(`npm test: installing the Debian packages ${missing.join(" ")}`)
  if (!mayInstall || !install()) {
    console.error(`npm test needs these Debian packages: apt-get install ${missing.join(" ")}`)
    process.exit(1)
  }
}
