import { once } from "node:events";
import { openMcpStdio } from "@skipstep/mcp";
import { localServer, usualLimits } from "@skipstep/server";
import { type ServedOptions, servedModels } from "./served-models";
import type { Session } from "./session";

export interface McpOptions extends ServedOptions {
  readonly allowFolder?: readonly string[];
}

/** `skipstep mcp`: tools for the program at stdin and stdout, until it goes. */
export async function mcp(configs: readonly string[], options: McpOptions, session: Session): Promise<void> {
  const { terminal, interruption } = session;
  const served = servedModels("mcp", configs, options);
  const stopped = interruption.heed();
  const { allowFolder = [], maxBody = usualLimits.bodyBytes } = options;
  const server = await localServer({ ...served, graceSeconds: 0 });
  const tools = openMcpStdio(server.ask, {
    folders: allowFolder,
    mostBytes: maxBody,
    onError: (error) => terminal.complain([`MCP: ${error.message}`]),
  });
  terminal.complain(["Listening at stdin for a client of the Model Context Protocol. Ctrl-C stops it."]);
  await Promise.race([once(process.stdin, "close"), ...(stopped.aborted ? [] : [once(stopped, "abort")])]);
  await tools.close();
  await server.close();
}
