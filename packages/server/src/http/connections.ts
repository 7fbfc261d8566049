import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * At most so many connections. When there is one more, the oldest that has no whole request here is closed for it: who
 * sends a byte a second, or nothing, keeps nobody else out. Where all are being answered, the new one is closed.
 */
export function limitConnections(server: Server, most: number): void {
  /** Without a request that has arrived, the oldest first. */
  const waiting = new Set<Socket>();
  let open = 0;
  server.on("connection", (socket: Socket) => {
    open++;
    socket.once("close", () => {
      open--;
      waiting.delete(socket);
    });
    if (open <= most) {
      waiting.add(socket);
      return;
    }
    const [oldest] = waiting;
    waiting.add(socket);
    (oldest ?? socket).destroy();
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    request.once("end", () => waiting.delete(socket));
    response.once("finish", () => {
      waiting.delete(socket); // to the end of the queue
      if (!socket.destroyed) waiting.add(socket);
    });
  });
}
