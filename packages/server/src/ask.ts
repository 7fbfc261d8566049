import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";

/** Asks a server for what it answers, as `fetch` does; without a connection where both are in one program. */
export type Ask = (path: string, init?: AskInit) => Promise<Response>;

export interface AskInit {
  readonly method?: "GET" | "POST" | "DELETE";
  /** Becomes JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @param usual headers of all that is asked, such as whose key it is */
export function askOf(server: FastifyInstance, usual: Readonly<Record<string, string>> = {}): Ask {
  return async (path, { method = "GET", body, headers = {} } = {}) => {
    const answer = await server.inject({
      method,
      url: path,
      headers: { ...usual, ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      payloadAsStream: true,
    });
    const told = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
    const content = Readable.toWeb(answer.stream()) as ReadableStream<Uint8Array>;
    return new Response(content, { status: answer.statusCode, headers: told });
  };
}
