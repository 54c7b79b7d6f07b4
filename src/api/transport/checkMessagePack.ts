/** How deep lists and maps may stand in each other. */
const mostLevels = 64
/** Values beside each other that are in none. */
const mostMessages = 100

/** What comes after a value's first byte. */
interface Shape {
  /** Bytes of its own. */
  readonly bytes: number
  /** Values in it. */
  readonly values: number
}

const scalar = (bytes: number): Shape => ({ bytes, values: 0 })
const none = scalar(0)

/** `undefined`, as msgpackr writes it; other extensions stand for what decoders make of them. */
const isUndefined = (view: DataView, at: number): boolean => view.byteLength - at >= 3 && view.getUint16(at + 1) === 0

/** By its first byte and, where there is one, the length after it; nothing where there is no such value. */
const shapeAt = (view: DataView, at: number): Shape | undefined => {
  const first = view.getUint8(at)
  if (first <= 0x7f || first >= 0xe0) return none
  if (first <= 0x8f) return { bytes: 0, values: 2 * (first & 0x0f) }
  if (first <= 0x9f) return { bytes: 0, values: first & 0x0f }
  if (first <= 0xbf) return scalar(first & 0x1f)
  if (first === 0xd4) return isUndefined(view, at) ? scalar(2) : undefined
  return fixed.get(first) ?? measured(view, at)
}

/** Nil, booleans, numbers. */
const fixed: ReadonlyMap<number, Shape> = new Map([
  ...[0xc0, 0xc2, 0xc3].map((first) => [first, none] as const),
  ...[0xcc, 0xd0].map((first) => [first, scalar(1)] as const),
  ...[0xcd, 0xd1].map((first) => [first, scalar(2)] as const),
  ...[0xca, 0xce, 0xd2].map((first) => [first, scalar(4)] as const),
  ...[0xcb, 0xcf, 0xd3].map((first) => [first, scalar(8)] as const),
])

/** How many bytes tell the length, and how much one of it is. */
const lengths: ReadonlyMap<number, readonly [size: 1 | 2 | 4, unit: "byte" | "value" | "pair"]> = new Map([
  [0xc4, [1, "byte"]],
  [0xc5, [2, "byte"]],
  [0xc6, [4, "byte"]],
  [0xd9, [1, "byte"]],
  [0xda, [2, "byte"]],
  [0xdb, [4, "byte"]],
  [0xdc, [2, "value"]],
  [0xdd, [4, "value"]],
  [0xde, [2, "pair"]],
  [0xdf, [4, "pair"]],
])

const measured = (view: DataView, at: number): Shape | undefined => {
  const [size, unit] = lengths.get(view.getUint8(at)) ?? []
  if (size === undefined || view.byteLength - at <= size) return undefined
  const length = size === 1 ? view.getUint8(at + 1) : size === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1)
  if (unit === "byte") return scalar(size + length)
  return { bytes: size, values: unit === "pair" ? 2 * length : length }
}

/**
 * What is wrong with a message in MessagePack (github.com/msgpack/msgpack/blob/master/spec.md), if anything is: one that ends too early, tells
 * of more values than it has bytes, nests too deep, or has an extension. Decoders set memory aside for as many values as a list says that it
 * has, 8 bytes for each, before they look whether they are there.
 */
export const checkMessagePack = (bytes: Uint8Array): string | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const left: Array<number> = []
  let at = 0
  let messages = 0
  while (true) {
    while (left.at(-1) === 0) left.pop()
    if (left.length > 0) left.push((left.pop() ?? 0) - 1)
    else if (at === view.byteLength) return undefined
    else if (messages++ === mostMessages) return "too many messages at once"
    const shape = at < view.byteLength ? shapeAt(view, at) : undefined
    if (shape === undefined) return `no value at byte ${at}`
    at += 1 + shape.bytes
    if (shape.values > view.byteLength - at || at > view.byteLength)
      return `more is told of than there is, at byte ${at}`
    if (shape.values > 0 && left.push(shape.values) > mostLevels) return "too many lists and maps in each other"
  }
}
