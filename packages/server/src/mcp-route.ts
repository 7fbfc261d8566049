import type { McpHttp } from "@skipstep/mcp";
import type { FastifyInstance } from "fastify";
import { askOf } from "./ask";

/** `/mcp`: the server's API as tools of the Model Context Protocol. Its code is loaded when somebody asks. */
export function mcpRoute(server: FastifyInstance): void {
  let opening: Promise<McpHttp> | undefined;
  const open = async (): Promise<McpHttp> => {
    const { openMcpHttp } = await import("@skipstep/mcp");
    return openMcpHttp((authorization) => askOf(server, authorization === undefined ? {} : { authorization }));
  };
  server.route({
    method: ["GET", "POST", "DELETE"],
    url: "/mcp",
    schema: { tags: ["MCP"], summary: "Model Context Protocol, streamable HTTP" },
    handler: async (request, reply) => {
      opening ??= open();
      const mcp = await opening;
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) reply.raw.setHeader(name, value);
      await mcp.handle({ request: request.raw, response: reply.raw, body: request.body, owner: request.owner });
    },
  });
  server.addHook("preClose", async () => (await opening)?.close()); // its streams would keep the server open
}
