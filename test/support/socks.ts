import type { Socket } from "node:net"

/** Takes so many bytes from a paused socket. */
const take = (socket: Socket, count: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const look = () => {
      const bytes = socket.read(count) as Buffer | null
      if (bytes === null) return
      socket.off("readable", look)
      resolve(bytes)
    }
    socket.on("readable", look)
    socket.once("end", () => reject(new Error("the SOCKS proxy hung up")))
    look()
  })

/** Asks a SOCKS5 proxy (RFC 1928) for a connection; true where it was made. */
export const socksConnect = async (socket: Socket, host: string, port: number): Promise<boolean> => {
  socket.write(Buffer.from([5, 1, 0]))
  await take(socket, 2)
  const name = Buffer.from(host)
  socket.write(Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, Buffer.from([port >> 8, port & 255])]))
  try {
    return (await take(socket, 10))[1] === 0
  } catch {
    return false
  }
}
