import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { version } from "../package.json";
import type { Ask } from "./ask";
import type { Progress, Watching } from "./drawn-job";
import { ToolError } from "./tool-error";
import { type SkipstepTool, toolsOf } from "./tools";

const instructions =
  "Draws images with diffusion models on this machine. A seed makes an image again; list_models tells each model's settings.";

/** One client's server. @param folders that pictures may be named in */
export async function mcpServer(ask: Ask, folders: readonly string[] = []): Promise<Server> {
  const server = new Server({ name: "skipstep", version }, { capabilities: { tools: {} }, instructions });
  const tools = await toolsOf(ask, folders);
  server.setRequestHandler("tools/list", () => ({ tools: tools.map(({ tool }) => tool) }));
  server.setRequestHandler("tools/call", async ({ params }, { mcpReq }) => {
    const found = tools.find(({ tool }) => tool.name === params.name);
    if (!found)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `No tool is called ${JSON.stringify(params.name)}.`);
    return called(found, params.arguments ?? {}, { signal: mcpReq.signal, onProgress: progressTo(mcpReq) });
  });
  return server;
}

/** What goes wrong is the model's to read, and to ask again. */
async function called(
  { call }: SkipstepTool,
  given: Readonly<Record<string, unknown>>,
  watching: Watching,
): Promise<CallToolResult> {
  try {
    return await call(given, watching);
  } catch (error) {
    const { code, message, param } = toldOf(error);
    return {
      isError: true,
      content: [{ type: "text", text: `${code}: ${message}` }],
      structuredContent: { error: { code, message, param } },
    };
  }
}

/** Of what is no answer of the server's nothing is told: it may name files. */
function toldOf(error: unknown): { readonly code: string; readonly message: string; readonly param: string | null } {
  if (error instanceof ToolError) return error;
  const { code } = error as { readonly code?: unknown };
  if (typeof code === "string" && /^SKIPSTEP_IMAGE_/.test(code))
    return { code, message: (error as Error).message, param: null };
  return { code: "internal_error", message: "The server failed.", param: null };
}

/** Steps are told to who asks for them; a progress must grow. */
function progressTo({ _meta, notify }: ServerContext["mcpReq"]): (progress: Progress) => void {
  const { progressToken } = _meta ?? {};
  if (progressToken === undefined) return () => undefined;
  let last = -1;
  return ({ phase, step, of }) => {
    if (step <= last) return;
    last = step;
    const message = phase === "denoise" ? `step ${step} of ${of}` : phases[phase];
    const params = { progressToken, progress: step, ...(of > 0 ? { total: of } : {}), ...(message ? { message } : {}) };
    notify({ method: "notifications/progress", params }).catch(() => undefined); // a client that went away
  };
}

const phases: Readonly<Record<string, string>> = { open: "opens the model", encode: "reads the prompt" };
