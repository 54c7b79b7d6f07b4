/** What a record of the probe is made of (probe/wire.h); what is not given is 0 or empty. */
export interface RecordFields {
  readonly kind: number
  readonly flags?: number
  readonly timeNs?: bigint
  readonly session?: number
  readonly pid?: number
  readonly result?: number
  readonly detail?: readonly [number, number, number]
  readonly name?: string
  readonly data?: Uint8Array
}

/** A record's bytes, as the probe writes them. */
export const probeRecord = (fields: RecordFields): Buffer => {
  const data = fields.data ?? new Uint8Array(0)
  const head = Buffer.alloc(72)
  head.writeUInt32LE(72 + data.length, 0)
  head.writeUInt16LE(fields.kind, 4)
  head.writeUInt16LE(fields.flags ?? 0, 6)
  head.writeBigUInt64LE(fields.timeNs ?? 0n, 8)
  head.writeBigUInt64LE(BigInt(fields.session ?? 1), 16)
  head.writeUInt32LE(fields.pid ?? 100, 24)
  head.writeUInt32LE(99, 28)
  head.writeUInt32LE(1000, 32)
  head.writeInt32LE(fields.result ?? 0, 40)
  const [first, second, third] = fields.detail ?? [0, 0, 0]
  head.writeUInt32LE(first, 44)
  head.writeUInt32LE(second, 48)
  head.writeUInt32LE(third, 52)
  head.write(fields.name ?? "sh", 56, 16, "utf8")
  return Buffer.concat([head, data])
}

/** A path's names as the probe sends them. */
export const names = (path: string): Buffer =>
  Buffer.from(
    path
      .split("/")
      .slice(1)
      .filter((name) => name !== "")
      .reverse()
      .map((name) => `${name}\0`)
      .join(""),
    "latin1",
  )

/** When commands are started, unless said otherwise. */
const usualNs = 5_000_000n

/** A part of a command's arguments. */
export const argumentsRecord = (data: Uint8Array, at = 0, pid = 100, timeNs = usualNs): Buffer =>
  probeRecord({ kind: 6, pid, timeNs, detail: [at, 0, 0], data })

/** A command with these bytes of arguments, started from / by its full path. */
export const execRecord = (program: string, argumentBytes: number, pid = 100, timeNs = usualNs): Buffer => {
  const [file, path] = [Buffer.from(`${program}\0`), names(program)]
  return probeRecord({
    kind: 7,
    pid,
    timeNs,
    detail: [argumentBytes, file.length, path.length],
    data: Buffer.concat([file, path]),
  })
}

/** A TCP connection to 192.0.2.1 that is being made. */
export const connectRecord = (port: number): Buffer => {
  const end = Buffer.alloc(48)
  end.writeUInt16LE(2, 0)
  end.writeUInt16LE(1, 2)
  end.writeUInt16LE(6, 4)
  end.writeUInt16LE(port, 8)
  Buffer.from([192, 0, 2, 1]).copy(end, 32)
  return probeRecord({ kind: 12, result: 115, detail: [1, 77, 0], data: end })
}
