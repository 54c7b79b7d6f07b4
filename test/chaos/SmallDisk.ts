import { spawnSync } from "node:child_process"
import { closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const sizeMiB = 32
const pieceBytes = 1024 * 1024

const run = (program: string, ...words: ReadonlyArray<string>): boolean =>
  spawnSync(program, words, { stdio: "ignore" }).status === 0

/** A file system of its own for a directory, of 32 MiB, that can be made full. */
export class SmallDisk {
  readonly #directory: string
  readonly #ballast: string

  private constructor(directory: string) {
    this.#directory = directory
    this.#ballast = join(directory, "ballast")
  }

  /** Mounts it; the directory is made. */
  static mount(directory: string): SmallDisk {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    if (!run("mount", "-t", "tmpfs", "-o", `size=${sizeMiB}m,mode=0700`, "tmpfs", directory)) {
      throw new Error(`a tmpfs cannot be mounted at ${directory}`)
    }
    return new SmallDisk(directory)
  }

  /** Whether this process may mount. */
  static possible(): boolean {
    const directory = mkdtempSync(join(tmpdir(), "mezite-chaos-mount-"))
    const mounted = run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory)
    if (mounted) run("umount", directory)
    rmdirSync(directory)
    return mounted
  }

  /** Leaves room for no byte more. */
  fill(): void {
    const fd = openSync(this.#ballast, "a", 0o600)
    try {
      for (let size = pieceBytes; size >= 1; size = size / 2) writeWhileThereIsRoom(fd, Math.floor(size))
    } finally {
      closeSync(fd)
    }
  }

  free(): void {
    rmSync(this.#ballast, { force: true })
  }

  /** What it held is gone. */
  unmount(): void {
    if (!run("umount", this.#directory) && !run("umount", "-l", this.#directory)) {
      throw new Error(`${this.#directory} cannot be unmounted`)
    }
  }
}

const writeWhileThereIsRoom = (fd: number, bytes: number): void => {
  const piece = Buffer.alloc(bytes)
  try {
    while (writeSync(fd, piece) > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error
  }
}
