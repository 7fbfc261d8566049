import type { IncomingMessage, ServerResponse } from "node:http";
import { toNodeHandler, toWebRequest } from "@modelcontextprotocol/node";
import { createMcpHandler, isLegacyRequest } from "@modelcontextprotocol/server";
import type { Ask } from "./ask";
import { mcpServer } from "./mcp-server";
import { McpSessions } from "./sessions";

/** A request whose sender is known, and whose body was read. */
export interface McpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: unknown;
  /** Whose key it came with. */
  readonly owner: string;
}

/** The same to the SDK, whose types take no property that is there and undefined. */
type NodeRequest = Parameters<typeof toWebRequest>[0];

/** MCP's streamable HTTP, https://modelcontextprotocol.io/specification/2026-07-28/basic/transports */
export interface McpHttp {
  handle(exchange: McpExchange): Promise<void>;
  /** Ends all sessions, and what they ask for. */
  close(): Promise<void>;
}

/**
 * Clients of 2026 ask without a session; those of 2025 get one, because they cancel by another request of it.
 * @param askWith the server's API with the key of who asks
 */
export function openMcpHttp(askWith: (authorization: string | undefined) => Ask): McpHttp {
  const modern = createMcpHandler(
    ({ requestInfo }) => mcpServer(askWith(requestInfo?.headers.get("authorization") ?? undefined)),
    { legacy: "reject" },
  );
  const answer = toNodeHandler(modern);
  const sessions = new McpSessions((authorization) => mcpServer(askWith(authorization)));
  return {
    handle: async (exchange) => {
      const { request, response, body } = exchange;
      if (await isLegacyRequest(await toWebRequest(request as NodeRequest, null), body))
        await sessions.handle(exchange);
      else await answer(request as NodeRequest, response, body);
    },
    close: async () => {
      await modern.close();
      await sessions.close();
    },
  };
}
