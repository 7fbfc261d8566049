import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const tsx = createRequire(import.meta.url).resolve("tsx");

/** Chromium's Vulkan driver, which needs no graphics card; where the environment names another, that one. */
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";
const environment = existsSync(swiftShader) ? { VK_ICD_FILENAMES: swiftShader, ...process.env } : process.env;

interface Component {
  readonly model: string;
  readonly name: string;
  readonly denoiser: boolean;
  readonly expected: Readonly<Record<string, number>>;
}

/** What ONNX Runtime's log says of each component: nodes on the CPU, by operator. */
function placed(log: string): (Component & { readonly found: Readonly<Record<string, number>> })[] {
  return log.split(/^component /m).flatMap((part, i) => {
    if (i === 0) return [];
    const [head, ...lines] = part.split("\n") as [string, ...string[]];
    const found: Record<string, number> = {};
    let provider = "";
    for (const line of lines) {
      const [, text = ""] = /VerifyEachNodeIsAssignedToAnEp\] (.*)/.exec(line) ?? [];
      provider = /placed on \[(\w+)\]/.exec(text)?.[1] ?? provider;
      const [, operator] = /^ {2}(\w+) \(/.exec(text) ?? [];
      if (operator !== undefined && provider === "CPUExecutionProvider") found[operator] = (found[operator] ?? 0) + 1;
    }
    return [{ ...(JSON.parse(head) as Component), found }];
  });
}

it("ONNX Runtime puts on the CPU what was expected there, and nothing of a denoiser: WebGPU, where there is a driver", (context) => {
  const models = ["dit", "flux"].map((name) => `test/golden/pipelines/${name}`);
  const script = join(import.meta.dirname, "print-placement.ts");
  const { stderr, status } = spawnSync(
    process.execPath,
    ["--import", tsx, "--conditions=@skipstep/source", script, "webgpu", ...models.map((model) => join(root, model))],
    { env: environment, encoding: "utf8", maxBuffer: 2 ** 28 },
  );
  if (stderr.includes("Failed to get a WebGPU adapter")) context.skip("no Vulkan driver");
  expect(status, stderr.slice(-2000)).toBe(0);
  const components = placed(stderr);
  const flux = ["text_encoder", "text_encoder_2", "transformer", "vae"];
  expect(components.map(({ name }) => name)).toEqual(["transformer", "vae", ...flux]);
  for (const { model, name, denoiser, expected, found } of components) {
    expect(found, `${model} ${name}`).toEqual(expected);
    if (denoiser || name === "text_encoder") expect(found, `${model} ${name}`).toEqual({});
  }
  // SwiftShader's subgroups have 4 threads: the fused kernel is wrong there, and is not used.
  if (environment.VK_ICD_FILENAMES === swiftShader)
    expect(stderr).toMatch(/^forms \["webgpu","MultiHeadAttention, heads of \d+: composed"\]$/m);
}, 300_000);
