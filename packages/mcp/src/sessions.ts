import { randomUUID } from "node:crypto";
import { NodeStreamableHTTPServerTransport } from "@modelcontextprotocol/node";
import { isInitializeRequest, type Server } from "@modelcontextprotocol/server";
import type { McpExchange } from "./http";

/** Of a client that said hello. */
interface Session {
  readonly owner: string;
  readonly transport: NodeStreamableHTTPServerTransport;
  usedAt: number;
}

/** Sessions at a time; the one that was not used for longest ends for another. */
const most = 100;

/** Sessions of clients that speak the protocol of 2025. One is its key's alone. */
export class McpSessions {
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly open: (authorization: string | undefined) => Promise<Server>) {}

  async handle({ request, response, body, owner }: McpExchange): Promise<void> {
    const id = request.headers["mcp-session-id"];
    const session = typeof id === "string" ? this.sessions.get(id) : undefined;
    if (session?.owner === owner) {
      session.usedAt = performance.now();
      await session.transport.handleRequest(request, response, body);
    } else if (id === undefined && isInitializeRequest(body)) {
      await (await this.begin(request.headers.authorization, owner)).handleRequest(request, response, body);
    } else {
      const [status, message] =
        id === undefined ? [400, "No session: begin with initialize"] : [404, "Session not found"];
      response.writeHead(status, { "content-type": "application/json" });
      response.end(
        JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: status === 404 ? -32001 : -32000, message } }),
      );
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.sessions.values()].map(({ transport }) => transport.close()));
  }

  private async begin(authorization: string | undefined, owner: string): Promise<NodeStreamableHTTPServerTransport> {
    if (this.sessions.size >= most) {
      const longest = [...this.sessions.values()].reduce((one, other) => (other.usedAt < one.usedAt ? other : one));
      await longest.transport.close();
    }
    const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void this.sessions.set(id, { owner, transport, usedAt: performance.now() }),
      onsessionclosed: () => transport.close(),
    });
    const server = await this.open(authorization);
    await server.connect(transport);
    server.onclose = () => {
      if (transport.sessionId !== undefined) this.sessions.delete(transport.sessionId);
    };
    return transport;
  }
}
