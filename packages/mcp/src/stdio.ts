import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import type { Ask } from "./ask";
import { mcpServer } from "./mcp-server";

export interface StdioOptions {
  /** Pictures may be files in these. */
  readonly folders: readonly string[];
  /** Bytes of one message, pictures in base64 included. */
  readonly mostBytes: number;
  readonly onError: (error: Error) => void;
}

/** Serves the client at stdin and stdout, until stdin ends. Nothing else may write to stdout. */
export function openMcpStdio(ask: Ask, { folders, mostBytes, onError }: StdioOptions): { close(): Promise<void> } {
  const transport = new StdioServerTransport(process.stdin, process.stdout, { maxBufferSize: mostBytes });
  return serveStdio(() => mcpServer(ask, folders), { transport, onerror: onError });
}
