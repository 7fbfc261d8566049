import type { CallToolResult, Tool } from "@modelcontextprotocol/server";
import { type Ask, askJson } from "./ask";
import { drawnJob, type Watching } from "./drawn-job";
import { drawnResult } from "./drawn-result";
import { drawingSchemas, type InputSchema, misnamed, type Schema } from "./input-schemas";
import { withPictures } from "./pictures";
import { ToolError } from "./tool-error";

type Arguments = Readonly<Record<string, unknown>>;

/** What a client may call. */
export interface SkipstepTool {
  readonly tool: Tool;
  call(given: Arguments, watching: Watching): Promise<CallToolResult>;
}

interface ModelEntry {
  readonly id: string;
  readonly skipstep: Readonly<Record<string, unknown>>;
}

const readOnly = { readOnlyHint: true, openWorldHint: false };
const drawing = { readOnlyHint: true, openWorldHint: false };

/**
 * The tools of a server, with schemas of the models that it has.
 * @param folders that pictures may be named in
 */
export async function toolsOf(ask: Ask, folders: readonly string[]): Promise<SkipstepTool[]> {
  const models = await listModels(ask);
  const schemas = await Promise.all(
    models.map(({ id }) => askJson<Schema>(ask, `/v1/models/${encodeURIComponent(id)}/schema`)),
  );
  const { generate, edit, inpaint } = drawingSchemas(schemas, folders.length > 0);
  const model = { type: "string", enum: models.map(({ id }) => id), description: "The first when left out." };
  const draw = async (given: Arguments, watching: Watching): Promise<CallToolResult> =>
    drawnResult(ask, await drawnJob(ask, await withPictures(given, folders), watching));
  return [
    toolOf("generate", "Draws images of a prompt.", generate, drawing, draw),
    ...(edit
      ? [
          toolOf(
            "edit",
            "Draws images from an image and a prompt: image-to-image, or by references, as the model does.",
            edit,
            drawing,
            draw,
          ),
        ]
      : []),
    ...(inpaint
      ? [toolOf("inpaint", "Draws the part of an image anew that a mask shows.", inpaint, drawing, draw)]
      : []),
    toolOf("list_models", "Models that can be drawn with.", emptySchema, readOnly, async () =>
      told({ models: (await listModels(ask)).map(({ id, skipstep }) => ({ id, ...skipstep })) }),
    ),
    toolOf(
      "inspect",
      "Components, memory, scheduler and plugins of a model.",
      { ...emptySchema, properties: { model } },
      readOnly,
      async ({ model: id = models[0]!.id }) => {
        if (typeof id !== "string") throw new ToolError("invalid_value", '"model" must be a text.', "model");
        return told(await askJson<Arguments>(ask, `/v1/models/${encodeURIComponent(id)}/inspection`));
      },
    ),
  ];
}

const emptySchema: InputSchema = { type: "object", additionalProperties: false, properties: {} };

function toolOf(
  name: string,
  description: string,
  inputSchema: InputSchema,
  annotations: Tool["annotations"],
  call: SkipstepTool["call"],
): SkipstepTool {
  return {
    tool: { name, description, inputSchema: inputSchema as Tool["inputSchema"], annotations },
    call: async (given, watching) => {
      const wrong = misnamed(inputSchema, given);
      if (wrong) throw new ToolError(wrong.code, wrong.message, wrong.param);
      return call(given, watching);
    },
  };
}

async function listModels(ask: Ask): Promise<readonly ModelEntry[]> {
  return (await askJson<{ readonly data: readonly ModelEntry[] }>(ask, "/v1/models")).data;
}

/** For clients that read JSON, and for those that read texts. */
function told(document: Arguments): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(document, null, 1) }], structuredContent: { ...document } };
}
