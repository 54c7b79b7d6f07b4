import type { SshReader } from "../../../ssh/SshWire.ts"
import type { FileAttributes } from "../FileOperation.ts"

const [sizeFlag, ownerFlag, modeFlag, timesFlag] = [0x1, 0x2, 0x4, 0x8]
/** What chmod(2) sets; above it stands the file's kind. */
const permissions = 0o7777

/** ATTRS as a client gives them (draft-ietf-secsh-filexfer-02, section 5), up to what only extensions know. */
export const readSftpAttributes = (reader: SshReader): FileAttributes => {
  const flags = reader.uint32()
  const has = (flag: number) => (flags & flag) !== 0
  const times = () => [reader.uint32(), reader.uint32()] as const
  return {
    ...(has(sizeFlag) ? { size: Number(reader.uint64()) } : {}),
    ...(has(ownerFlag) ? { owner: `${reader.uint32()}:${reader.uint32()}` } : {}),
    ...(has(modeFlag) ? { mode: (reader.uint32() & permissions).toString(8).padStart(4, "0") } : {}),
    ...(has(timesFlag) ? { modified_at: new Date(times()[1] * 1000).toISOString() } : {}),
  }
}
