import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { listSupportedBackends } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { coreSchema } from "../src/config/core-schema";
import { builtProviders, notBuilt, thisPlatform } from "../src/runtime/providers";
import { Runtime } from "../src/runtime/runtime";
import type { JsonSchema } from "../src/schema/json-schema";
import { validate } from "../src/schema/validate";

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
  const { provider_options: schema } = coreSchema({ type: "object" }).properties as Record<string, JsonSchema>;
  const problems = (options: unknown): string[] =>
    validate(schema!, options, ["provider_options"], true).map(({ path, text }) => `/${path.join("/")}${text}`);

  it("of every provider pass, on any platform", () => {
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
    expect(problems(options)).toEqual([]);
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
  ])("%j is refused", (options, message) => {
    expect(problems(options)[0]).toMatch(message);
  });
});
