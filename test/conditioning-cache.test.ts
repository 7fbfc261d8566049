import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { safetensors } from "@skipstep/contract/graph";
import {
  type ConfigInput,
  createPipeline,
  type GenerateRequest,
  type GenerateResult,
  type Pipeline,
} from "@skipstep/core";
import { afterEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "./emoji";
import { engineCache as cacheDir } from "./run-folder";

const files = temporaryFolder();
const golden = (...parts: string[]): string => join(import.meta.dirname, "golden", ...parts);
const generate = { num_inference_steps: 2, height: 64, width: 64, seed: 1, prompt: "a cat" };

let open: Pipeline | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function pipelineOf(name: string, more: ConfigInput = {}): Promise<Pipeline> {
  open = await createPipeline({ model: golden("pipelines", name), ...more, generate }, { cacheDir });
  return open;
}

/** A LoRA for one matrix of CLIP. */
function textLora(): string {
  const values = (count: number): Uint8Array => new Uint8Array(new Float32Array(count).fill(0.1).buffer);
  const name = (part: string): string =>
    `text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_${part}.weight`;
  const { hidden_size: width } = JSON.parse(readFileSync(golden("pipelines/sd15/text_encoder/config.json"), "utf8"));
  const tensor = (shape: number[]) => ({ dtype: "float32", shape, bytes: values(width) }) as const;
  const file = join(files, "text.safetensors");
  writeFileSync(file, safetensors({ [name("A")]: tensor([1, width]), [name("B")]: tensor([width, 1]) }));
  return file;
}

const counts = ({ report }: GenerateResult): readonly number[] => [
  report.encodings.computed,
  report.encodings.remembered,
];

describe("what text encoders gave", () => {
  // SD 3 has three of them, and the memory mode opens each when it runs: one that does not run is not opened.
  it.each(["sd3", "z-image"])("is there for the next image of a prompt in %s, and exact", async (name) => {
    const plain = await pipelineOf(name, { conditioning_cache: 0 });
    const [one, other] = [await plain.generate({ seed: 1 }), await plain.generate({ seed: 2 })];
    const [computed, remembered] = counts(other);
    expect([computed! > 0, remembered]).toEqual([true, 0]);
    await plain.close();

    const pipeline = await pipelineOf(name, { memory: "component" });
    const first = await pipeline.generate({ seed: 1 });
    const second = await pipeline.generate({ seed: 2 });
    expect([counts(first), counts(second)]).toEqual([
      [computed, 0],
      [0, computed],
    ]);
    expect(first.latents.data).toEqual(one.latents.data);
    expect(second.latents.data).toEqual(other.latents.data);
    const spent = Object.entries(second.report.seconds.components).filter(([part]) => part.startsWith("text_encoder"));
    expect(spent.filter(([, seconds]) => seconds > 0)).toEqual([]);
  });

  it("is of one prompt, one length and one LoRA", async () => {
    const pipeline = await pipelineOf("sd15");
    const asked = async (request: GenerateRequest): Promise<readonly number[]> =>
      counts(await pipeline.generate({ ...request, guidance_scale: 1 }));
    const beside = { path: golden("extras/lora-kohya-sd15/lora.safetensors"), scale: 0.5 }; // the U-Net's alone
    const lora = { path: textLora(), scale: 0.5 };
    expect(await asked({})).toEqual([1, 0]);
    expect(await asked({ prompt: "a dog" })).toEqual([1, 0]);
    expect(await asked({ clip_skip: 1 })).toEqual([1, 0]);
    expect(await asked({ loras: [beside] })).toEqual([0, 1]);
    expect(await asked({ loras: [lora] })).toEqual([1, 0]);
    expect(await asked({ loras: [{ ...lora, scale: 0.7 }] })).toEqual([1, 0]);
    expect(await asked({ loras: [lora] })).toEqual([0, 1]);
    expect(await asked({})).toEqual([0, 1]);
  });

  it("is forgotten in the order in which it was asked for, beyond what the config keeps", async () => {
    const pipeline = await pipelineOf("sd15", { conditioning_cache: 2 });
    const asked = async (prompt: string): Promise<readonly number[]> =>
      counts(await pipeline.generate({ prompt, guidance_scale: 1, num_inference_steps: 1 }));
    for (const prompt of ["a", "b"]) expect(await asked(prompt)).toEqual([1, 0]);
    expect(await asked("a")).toEqual([0, 1]);
    expect(await asked("c")).toEqual([1, 0]);
    expect(await asked("a")).toEqual([0, 1]);
    expect(await asked("b")).toEqual([1, 0]);
  });

  it("is nobody else's: what weights in a prompt do to it stays with that image", async () => {
    const pipeline = await pipelineOf("sd15");
    const weighted = { prompt: "a (cat:1.7)", prompt_weighting: "a1111" } as const;
    const plain = { prompt: "a cat", prompt_weighting: "a1111" } as const;
    const before = await pipeline.generate(plain);
    const heavy = await pipeline.generate(weighted);
    const after = await pipeline.generate(plain);
    expect(after.latents.data).toEqual(before.latents.data);
    expect(heavy.latents.data).not.toEqual(before.latents.data);
  });

  it("is no part of a recipe, and a negative number is refused", async () => {
    const pipeline = await pipelineOf("sd15", { conditioning_cache: 3 });
    const { recipe } = await pipeline.generate();
    expect(recipe.config).not.toHaveProperty("conditioning_cache");
    await expect(pipelineOf("sd15", { conditioning_cache: -1 })).rejects.toThrow(
      "conditioning_cache must be an integer from 0 to 10000, found -1",
    );
  });
});
