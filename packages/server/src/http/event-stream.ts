import type { FastifyReply, FastifyRequest } from "fastify";

/** One event of a stream. */
export interface ServerSentEvent {
  readonly id?: number;
  readonly event: string;
  /** Becomes JSON. */
  readonly data: unknown;
}

/** Bytes that may wait for a client that does not read; then its line is cut. */
const mostWaiting = 16 * 2 ** 20;

/** Keeps proxies from closing a line on which nothing happens. Milliseconds. */
const heartbeat = 15_000;

/** Server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html */
export class EventStream {
  private readonly response;
  private readonly timer;

  constructor(request: FastifyRequest, reply: FastifyReply, onGone: () => void) {
    reply.hijack();
    this.response = reply.raw;
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) this.response.setHeader(name, value);
    this.response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    });
    this.response.flushHeaders();
    this.timer = setInterval(() => this.write(":\n\n"), heartbeat);
    this.response.once("close", () => {
      clearInterval(this.timer);
      onGone();
    });
    this.response.on("error", (error) => request.log.debug({ err: error }, "a client of events went away"));
  }

  send({ id, event, data }: ServerSentEvent): void {
    this.write(`${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  end(): void {
    clearInterval(this.timer);
    this.response.end();
  }

  private write(text: string): void {
    if (this.response.destroyed || this.response.writableEnded) return;
    this.response.write(text);
    if (this.response.writableLength > mostWaiting) this.response.destroy();
  }
}
