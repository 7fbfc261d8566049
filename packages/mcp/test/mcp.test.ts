import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as Client2, StreamableHTTPClientTransport as Http2 } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command } from "../../../test/built/packages";
import { makeKey } from "../../server/src";
import { served } from "../../server/test/served";

const [ann, bob] = [makeKey("ann"), makeKey("bob")];
const server = served({ keys: [ann.entry, bob.entry] });
const folder = realpathSync(mkdtempSync(join(tmpdir(), "skipstep-mcp-")));

/** A tool's result, as both clients have it. */
interface Result {
  readonly isError?: boolean;
  readonly content: { type: string; data?: string; mimeType?: string; text?: string }[];
  readonly structuredContent?: Record<string, unknown>;
}

/** What both clients do, in words of the first. */
interface Caller {
  readonly name: string;
  call(
    name: string,
    args: object,
    options?: {
      signal?: AbortSignal;
      onprogress?: (progress: { progress: number; total?: number | undefined; message?: string | undefined }) => void;
    },
  ): Promise<Result>;
  list(): Promise<{ name: string; inputSchema: object }[]>;
  close(): Promise<void>;
}

const authorization = (key: string) => ({ requestInit: { headers: { authorization: `Bearer ${key}` } } });
const mcpUrl = (): URL => new URL(`${server.url}/mcp`);

function callerOf(name: string, client: Client | Client2): Caller {
  return {
    name,
    call: async (tool, args, options = {}) => {
      const params = { name: tool, arguments: args as Record<string, unknown> };
      const usual = { timeout: 240_000, ...options };
      return (
        client instanceof Client
          ? await client.callTool(params, undefined, usual)
          : await client.callTool(params, usual)
      ) as Result;
    },
    list: async () => (await client.listTools()).tools,
    close: () => client.close(),
  };
}

/** The protocol of 2025, by the SDK that most clients are built with. */
async function byHttp(key: string): Promise<Caller> {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(
    new StreamableHTTPClientTransport(mcpUrl(), authorization(key)) as Parameters<Client["connect"]>[0],
  );
  return callerOf("HTTP, 2025", client);
}

/** The protocol of 2026. */
async function byHttp2(key: string): Promise<Caller> {
  const client = new Client2({ name: "test", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  await client.connect(new Http2(mcpUrl(), authorization(key)));
  return callerOf("HTTP, 2026", client);
}

/** A process of its own, which may read pictures in a folder. */
async function byStdio(): Promise<Caller> {
  const client = new Client({ name: "test", version: "1" });
  const [node, ...args] = [
    process.execPath,
    ...command,
    "mcp",
    server.config,
    "--allow-folder",
    folder,
    "--cache",
    join(server.folder, "cache"),
  ];
  const env = { ...process.env, TSX_TSCONFIG_PATH: join(import.meta.dirname, "../../../tsconfig.json") } as Record<
    string,
    string
  >;
  await client.connect(new StdioClientTransport({ command: node!, args, env, stderr: "ignore" }));
  return callerOf("stdio", client);
}

const callers: Caller[] = [];
let expected: Uint8Array;
beforeAll(async () => {
  const { images } = await server.generate({ prompt: "red heart", seed: 5, num_inference_steps: 3 });
  expected = await images[0]!.toPng();
  callers.push(await byStdio(), await byHttp(ann.key), await byHttp2(ann.key));
});
afterAll(async () => {
  await Promise.all(callers.map((caller) => caller.close()));
  rmSync(folder, { recursive: true });
});

const grey = sharp({ create: { width: 128, height: 128, channels: 3, background: "#888" } })
  .png()
  .toBuffer();
const base64 = async (bytes: Promise<Uint8Array> | Uint8Array): Promise<string> =>
  Buffer.from(await bytes).toString("base64");

describe.each(["stdio", "HTTP, 2025", "HTTP, 2026"])("a client by %s", (name) => {
  const caller = (): Caller => callers.find((one) => one.name === name)!;

  it("is given strict schemas of what the models take", async () => {
    const tools = await caller().list();
    expect(tools.map((tool) => tool.name)).toEqual(["generate", "edit", "inpaint", "list_models", "inspect"]);
    expect(tools[0]!.inputSchema).toMatchObject({
      additionalProperties: false,
      required: ["prompt"],
      properties: {
        model: { enum: ["emoji"] },
        num_inference_steps: { type: "integer", minimum: 1, maximum: 150, default: 2 },
        width: { maximum: 2048 },
        output_format: { enum: ["png", "jpeg", "webp"] },
      },
    });
    expect(Object.keys((tools[0]!.inputSchema as { properties: object }).properties)).not.toContain("mask");
    expect(tools[2]!.inputSchema).toMatchObject({ required: ["prompt", "image", "mask"] });
  });

  it("draws what generate draws, and hears of the steps", async () => {
    const told: number[] = [];
    const { content, structuredContent } = await caller().call(
      "generate",
      { prompt: "red heart", seed: 5, num_inference_steps: 3 },
      { onprogress: ({ progress, total }) => told.push(progress) && expect([undefined, 3]).toContain(total) },
    );
    expect(content[0]).toEqual({ type: "image", mimeType: "image/png", data: await base64(expected) });
    expect(content[1]!.text).toMatch(/^Seed 5: an image of 128x128 by emoji in \d+\.\d s\.$/);
    expect(structuredContent).toMatchObject({ images: [{ width: 128, height: 128, seed: 5 }] });
    expect(told.at(-1)).toBe(3);
    expect(told).toEqual([...new Set(told)].sort((one, other) => one - other));
  });

  it("reads of a wrong call which argument it is, and of no path", async () => {
    const failed = async (tool: string, args: object): Promise<unknown> => {
      const { isError, content, structuredContent } = await caller().call(tool, args);
      expect(isError).toBe(true);
      expect(JSON.stringify(content)).not.toContain(server.folder);
      const { error } = structuredContent as { error: { code: string; param: string; message: string } };
      expect(content[0]!.text).toBe(`${error.code}: ${error.message}`);
      return [error.code, error.param];
    };
    expect(await failed("generate", { prompt: "x", foo: 1 })).toEqual(["unknown_parameter", "foo"]);
    expect(await failed("generate", { prompt: "x", mask: "aGk=" })).toEqual(["unknown_parameter", "mask"]);
    expect(await failed("generate", {})).toEqual(["missing_parameter", "prompt"]);
    expect(await failed("generate", { prompt: "x", num_inference_steps: "3" })).toEqual([
      "SKIPSTEP_REQUEST_INVALID",
      "num_inference_steps",
    ]);
    expect(await failed("generate", { prompt: "x", width: 4096 })).toEqual(["limit_exceeded", "width"]);
    expect(await failed("generate", { prompt: "x", model: "other" })).toEqual(["model_not_found", "model"]);
    expect(await failed("edit", { prompt: "x", image: "/etc/hostname" })).toEqual(["SKIPSTEP_IMAGE_UNREADABLE", null]);
    expect(await failed("edit", { prompt: "x", image: { file: "/etc/hostname" } })).toEqual([
      "file_not_allowed",
      "image",
    ]);
    expect(await failed("inspect", { model: 1 })).toEqual(["invalid_value", "model"]);
    await expect(caller().call("nothing", {})).rejects.toThrow("nothing");
  });

  it("stops what it has no more use for", async () => {
    const controller = new AbortController();
    const asked = caller().call(
      "generate",
      { prompt: "red heart", num_inference_steps: 150 },
      {
        signal: controller.signal,
        onprogress: ({ progress }) => progress > 0 && controller.abort(new Error("enough")),
      },
    );
    await expect(asked).rejects.toThrow();
    if (name === "stdio") return; // the next test waits for its queue
    const newest = async () =>
      (await (await server.ask("/v1/jobs", undefined, { headers: { authorization: `Bearer ${ann.key}` } })).json())
        .data[0];
    await expect.poll(async () => (await newest()).status, { timeout: 30_000 }).toBe("cancelled");
    expect((await newest()).progress.step).toBeLessThan(150);
  });

  it("reads what there is", async () => {
    const models = await caller().call("list_models", {});
    expect(models.structuredContent).toMatchObject({
      models: [{ id: "emoji", settings: expect.arrayContaining(["prompt"]) }],
    });
    const { structuredContent, content } = await caller().call("inspect", {});
    expect(structuredContent).toMatchObject({ model: "emoji", memory: { estimated_bytes: expect.any(Number) } });
    expect(JSON.parse(content[0]!.text!)).toEqual(structuredContent);
    expect(content[0]!.text).not.toMatch(/"[^"]*[\\/](home|root|tmp|models)[\\/]/);
  });
});

it("edits, and paints where a mask is transparent", async () => {
  const lower = Uint8Array.from({ length: 128 * 128 }, (_, i) => (i < 128 * 64 ? 0 : 255));
  const white = await sharp(lower, { raw: { width: 128, height: 128, channels: 1 } })
    .png()
    .toBuffer();
  const alpha = await sharp(
    Uint8Array.from({ length: 4 * lower.length }, (_, i) => (i % 4 < 3 ? 9 : 255 - lower[i >> 2]!)),
    {
      raw: { width: 128, height: 128, channels: 4 },
    },
  )
    .png()
    .toBuffer();
  const [image, mask] = [join(folder, "image.png"), join(folder, "mask.png")];
  writeFileSync(image, await grey);
  writeFileSync(mask, white);
  const settings = { prompt: "red heart", seed: 5, strength: 0.9 };
  const pixels = async ({ content }: Result): Promise<Buffer> =>
    sharp(Buffer.from(content[0]!.data!, "base64")).raw().toBuffer();
  const [edited, painted] = await Promise.all([
    server.generate({ ...settings, image }),
    server.generate({ ...settings, image, mask }),
  ]);
  const [stdio, http] = callers;
  expect(await pixels(await http!.call("edit", { ...settings, image: await base64(grey) }))).toEqual(
    Buffer.from(edited.images[0]!.data),
  );
  for (const sent of [alpha, white])
    expect(
      await pixels(await http!.call("inpaint", { ...settings, image: await base64(grey), mask: await base64(sent) })),
    ).toEqual(Buffer.from(painted.images[0]!.data));
  // Where the operator allowed a folder, a picture may be a file in it; a link leads out of none.
  const files = { image: { file: "image.png" }, mask: { file: mask } };
  expect(await pixels(await stdio!.call("inpaint", { ...settings, ...files }))).toEqual(
    Buffer.from(painted.images[0]!.data),
  );
  symlinkSync(server.config, join(folder, "link.png"));
  for (const file of ["link.png", "../x.png", server.config])
    expect((await stdio!.call("edit", { ...settings, image: { file } })).structuredContent).toMatchObject({
      error: { code: "file_not_allowed", param: "image" },
    });
  expect((await http!.call("edit", { ...settings, image: { file: image } })).structuredContent).toMatchObject({
    error: { code: "file_not_allowed", param: "image" },
  });
});

it("is for who has a key, and a session for who began it", async () => {
  await expect(byHttp("sk-skipstep-other")).rejects.toThrow();
  await expect(byHttp2("sk-skipstep-other")).rejects.toThrow();
  const hello = {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "x", version: "1" } },
  };
  const headers = { accept: "application/json, text/event-stream" };
  const post = (key: string, body: object, more = {}) =>
    server.ask("/mcp", body, { headers: { ...headers, authorization: `Bearer ${key}`, ...more } });
  const begun = await post(ann.key, hello);
  await begun.text();
  const session = { "mcp-session-id": begun.headers.get("mcp-session-id")! };
  const list = { jsonrpc: "2.0", id: 2, method: "tools/list" };
  const status = async (key: string, more: object): Promise<number> => {
    const response = await post(key, list, more);
    await response.body?.cancel();
    return response.status;
  };
  expect(await status(ann.key, session)).toBe(200);
  expect(await status(bob.key, session)).toBe(404);
  expect(await status(ann.key, {})).toBe(400);
});
