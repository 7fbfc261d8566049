import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { listSupportedBackends } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { type ConfigInput, inspectConfig, validateConfig } from "../src/index";
import { builtProviders, notBuilt, thisPlatform } from "../src/runtime/providers";
import { Runtime } from "../src/runtime/runtime";

const model = join(import.meta.dirname, "../../../test/golden/pipelines/dit");
const generate = { class_labels: [1] };
const binaries = join(createRequire(import.meta.url).resolve("onnxruntime-node"), "../../bin/napi-v6");

describe("providers", () => {
  it("are those of onnxruntime-node's binding here", () => {
    expect(
      listSupportedBackends()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...builtProviders[thisPlatform]!].sort());
  });

  it.each(Object.entries(builtProviders))("of %s are named in its binary", (platform, providers) => {
    const [system, processor] = platform.split("-") as [string, string];
    const binary = readFileSync(join(binaries, system, processor, "onnxruntime_binding.node"), "latin1");
    const names = ["webgpu", "dml", "coreml"]; // the others' are made of single letters by the compiler
    expect(names.filter((name) => binary.includes(`\0${name}\0`)).sort()).toEqual(
      names.filter((name) => providers.includes(name)).sort(),
    );
  });

  it.each([
    ["coreml", /^onnxruntime-node has it on darwin-arm64 only, and this is linux-x64$/],
    ["directml", /^onnxruntime-node has it as "dml" on win32-x64, win32-arm64 only, and this is /],
    ["dml:1", /^onnxruntime-node has it on win32-x64, win32-arm64 only/],
    ["rocm", /^onnxruntime-node has none of that name; on linux-x64 it has cpu, webgpu, cuda, tensorrt$/],
    ["vulkan", /^ONNX Runtime calls it "webgpu"$/],
    ["webgpu:1", /^devices of "webgpu" have no numbers/],
    ["cpu:0", /^devices of "cpu" have no numbers/],
    ["cuda:x", /^devices of "cuda" have no numbers that it takes/],
  ])("%s is refused before it is tried", (device, reason) => {
    expect(notBuilt(device, builtProviders["linux-x64"]!)?.replace(thisPlatform, "linux-x64")).toMatch(reason);
  });

  it.each(["cpu", "webgpu", "cuda", "cuda:1", "tensorrt:0"])("%s is not", (device) => {
    expect(notBuilt(device, builtProviders["linux-x64"]!)).toBeUndefined();
  });

  it("that have no libraries here are refused by name, with what is missing", async () => {
    if (!builtProviders[thisPlatform]!.includes("cuda")) return;
    await expect(Runtime.start({ provider: "cuda:1" })).rejects.toMatchObject({
      code: "SKIPSTEP_PROVIDER_UNAVAILABLE",
      message: expect.stringMatching(
        /^Provider "cuda:1" is not available: .*[Ll]oad.*docs\/devices\.md.*Available here: cpu/,
      ),
    });
  });
});

describe("provider_options", () => {
  const check = (provider_options: unknown) =>
    validateConfig({ model, generate, provider_options } as ConfigInput).then(
      ({ config }) => config.provider_options,
      (error: Error) => error.message,
    );

  it("of every provider pass, on any platform", async () => {
    const options = {
      webgpu: {
        preferredLayout: "NHWC",
        storageBufferCacheMode: "simple",
        validationMode: "full",
        enableRobustness: true,
      },
      cuda: { deviceId: 1 },
      dml: { deviceId: 0 },
      coreml: { coreMlFlags: 0x10 | 0x20 },
    };
    expect(await check(options)).toEqual(options);
  });

  it.each([
    [{ cuda: { gpu_mem_limit: 1e9 } }, /\/provider_options\/cuda has no "gpu_mem_limit"\. It takes: deviceId\./],
    [{ cuda: { deviceId: -1 } }, /\/provider_options\/cuda\/deviceId must be an integer from 0 to 1023, found -1/],
    [
      { coreml: { coreMlFlags: 64 } },
      /\/provider_options\/coreml\/coreMlFlags must be an integer from 0 to 63, found 64/,
    ],
    [{ webgpu: { preferredLayout: "NWHC" } }, /preferredLayout must be one of "NCHW", "NHWC", found "NWHC"/],
    [{ rocm: {} }, /\/provider_options has no "rocm"\. It takes: webgpu, cuda, tensorrt, dml, coreml\./],
    ["cuda", /\/provider_options must be an object/],
  ])("%j is refused", async (options, message) => {
    expect(await check(options)).toMatch(message);
  });
});

describe("what documentation tells of providers", () => {
  const fallen = async (device: string, name: string): Promise<string[]> => {
    const sizes = name === "dit" ? generate : { height: 64, width: 64 };
    const { notes } = inspectConfig(await validateConfig({ model: join(model, "..", name), device, generate: sizes }));
    return notes.map(({ text }) => text).filter((text) => text.includes("run on the CPU"));
  };

  it.each(["dit", "z-image", "sd15"])("has kernels on CUDA for the denoiser of %s", async (name) => {
    expect((await fallen("cuda", name)).filter((text) => !text.includes("of text_encoder run"))).toEqual([]);
  });

  it("has none on DirectML of what opset 22 and 23 changed", async () => {
    const [transformer] = await fallen("dml", "dit");
    expect(transformer).toBe(
      '19 nodes of transformer run on the CPU, as "dml" has no kernels for them: Reshape 9, Cos 1, Sin 1, Conv 1, Transpose 2, Gelu 5.',
    );
  });

  it("composes attention for CoreML", async () => {
    const notes = await fallen("coreml", "z-image");
    expect(notes.join()).not.toMatch(/MultiHeadAttention|MatMul|Softmax/);
    expect(notes.at(-1)).toContain("SimplifiedLayerNormalization 55");
  });
});
