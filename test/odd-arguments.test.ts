import { join } from "node:path";
import {
  type CreateOptions,
  createPipeline,
  type GenerateRequest,
  openPipeline,
  type Pipeline,
  type ProgressEvent,
  SkipstepError,
  validateConfig,
} from "@skipstep/core";
import { floats } from "@skipstep/core/model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./emoji";

const model = join(import.meta.dirname, "golden/pipelines/sd35-no-t5");
const config = {
  model,
  generate: { num_inference_steps: 2, guidance_scale: 1, height: 64, width: 64, seed: 1, prompt: "a cat" },
};
const cacheDir = join(temporaryFolder(), "engines");
const options = { cacheDir, threads: 1 };

/** What a call that no type checker would let through ends with: `code: message`. */
async function failure(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof SkipstepError)) throw error;
    return `${error.code}: ${error.message}`;
  }
  throw new Error("it did not fail");
}

describe("createPipeline, validateConfig and openPipeline", () => {
  it.each<[unknown]>([[undefined], [null], [3], [[]], [() => 1]])("refuse %s as a config", async (input) => {
    for (const call of [createPipeline, validateConfig, openPipeline] as ((input: never) => Promise<unknown>)[])
      expect(await failure(() => call(input as never))).toMatch(/^SKIPSTEP_ARGUMENT_INVALID: \w+: the config must be/);
  });

  it.each<[string, unknown, RegExp]>([
    ["options", null, /the options must be an object, found null/],
    ["options", "x", /the options must be an object, found "x"/],
    ["signal", { signal: 3 }, /"signal" must be an AbortSignal, found 3/],
    ["signal", { signal: new AbortController() }, /"signal" must be an AbortSignal, found \{\}/],
    ["onProgress", { onProgress: "x" }, /"onProgress" must be a function, found "x"/],
    ["threads", { threads: 0 }, /threads must be an integer from 1 to 1024, found 0/],
    ["threads", { threads: 7n }, /threads must be an integer from 1 to 1024, found 7/],
    [
      "cacheDir",
      { cacheDir: 3, folder: "a\0" },
      /"folder" must be a path, found "a\\u0000"; "cacheDir" must be a path/,
    ],
    ["overrides", { overrides: [3] }, /"overrides" must be a list of texts, or of \{ path, value \}, found \[3\]/],
  ])("refuse %s that are none", async (_, given, message) => {
    expect(await failure(() => createPipeline(config, given as CreateOptions))).toMatch(message);
  });
});

describe("a pipeline", () => {
  let pipeline: Pipeline;
  beforeAll(async () => {
    pipeline = await createPipeline(config, options);
  });
  afterAll(() => pipeline.close());
  const generate = (request: unknown): Promise<unknown> => pipeline.generate(request as GenerateRequest);

  it.each<[unknown, RegExp]>([
    [null, /generate: the request must be an object, found null\./],
    ["a cat", /the request must be an object, found "a cat"/],
    [{ seed: 7n }, /seed must be an integer from 0 to .*, found 7n/],
    [{ prompt: [3] }, /prompt\/0 must be a string, found 3/],
    [{ image: 3 }, /image must be a string or a list, found 3/],
    [{ signal: {} }, /"signal" must be an AbortSignal, found \{\}/],
    [
      { onProgress: 3, previews: 1 },
      /"onProgress" must be a function, found 3; "previews" must be true, false or a function/,
    ],
    [{ latents: 0 }, /"latents" must be a float32 tensor \{ dtype, shape, data \}, found 0/],
    [{ latents: null }, /"latents" must be a float32 tensor/],
    [{ latents: { dtype: "float32", shape: [1, 16, 8, 8], data: [0] } }, /"latents" must be a float32 tensor/],
    [{ latents: floats([1, 16, 8, 8], new Float32Array(3)) }, /as many elements, found \[1, 16, 8, 8\] and 3/],
    [{ latents: floats([1, 4, 8, 8]) }, /"latents" must be \[1, 16, 8, 8\] at these settings, found \[1, 4, 8, 8\]/],
    [{ picture: "x.png" }, /"picture" must be an image \{ width, height, values \}, found "x.png"/],
    [{ picture: { width: 8, height: 8, values: new Float32Array(8) } }, /"picture" must have 192 values for its size/],
  ])("refuses %o", async (request, message) => {
    const text = await failure(() => generate(request));
    expect(text).toMatch(/^SKIPSTEP_REQUEST_INVALID: generate: /);
    expect(text).toMatch(message);
  });

  it("takes undefined for a setting that is not given", async () => {
    const [plain, same] = await Promise.all([
      pipeline.generate(),
      generate({ seed: undefined, prompt: undefined, latents: undefined, num_images_per_prompt: undefined }),
    ]);
    expect((same as Awaited<ReturnType<Pipeline["generate"]>>).images[0]!.data).toEqual(plain.images[0]!.data);
  });

  it("fails with what onProgress throws, at once or in a promise, and goes on working", async () => {
    const broken = { broken: true };
    const calls: ((event: ProgressEvent) => unknown)[] = [
      () => {
        throw broken;
      },
      async () => {
        throw broken;
      },
      (event) => (event.kind === "decode" ? new Promise((_, reject) => setTimeout(reject, 50, broken)) : undefined),
    ];
    for (const onProgress of calls) {
      const error = await pipeline.generate({ onProgress }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "SKIPSTEP_PROGRESS_FAILED", cause: broken });
    }
    const heard: string[] = [];
    await pipeline.generate({
      onProgress: async ({ kind }) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        heard.push(kind);
      },
    });
    expect(heard).toEqual(["encode", "step", "step", "decode"]);
  });

  it("refuses plugins that are none, and stays as it was", async () => {
    const set = (plugins: unknown, change?: unknown): Promise<unknown> =>
      pipeline.setPlugins(plugins as [], change as object);
    expect(await failure(() => set(null))).toMatch(/^SKIPSTEP_ARGUMENT_INVALID: setPlugins: plugins must be a list/);
    expect(await failure(() => set([], null))).toMatch(/^SKIPSTEP_ARGUMENT_INVALID: setPlugins: the options must be/);
    for (const plugins of [[null], [undefined], [3], [{ use: 3 }], [{ use: null }], [[]]])
      expect(await failure(() => set(plugins))).toMatch(/^SKIPSTEP_CONFIG_INVALID: config#\/plugins/);
    expect(pipeline.plugins).toEqual([]);
  });

  it("may be closed twice, and makes nothing afterwards", async () => {
    const other = await createPipeline(config, options);
    await Promise.all([other.close(), other.close()]);
    await other.close();
    expect(await failure(() => other.generate())).toMatch(/^SKIPSTEP_RUNTIME_STOPPED/);
    expect(await failure(() => other.setPlugins([]))).toMatch(/^SKIPSTEP_RUNTIME_STOPPED/);
  });
});

describe("opening", () => {
  it("fails with what onProgress throws while it compiles, and leaves nothing open", async () => {
    const onProgress = async (): Promise<void> => {
      throw new Error("no room\nfor words");
    };
    const cacheDir = join(temporaryFolder(), "other");
    expect(await failure(() => createPipeline(config, { ...options, cacheDir, onProgress }))).toMatch(
      /^SKIPSTEP_PROGRESS_FAILED: onProgress failed: no room for words\. /,
    );
  });
});
