import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Architecture } from "../src/architecture/architecture";
import type { Family, FamilyParts } from "../src/loop/family";
import { Turns } from "../src/memory/component";
import { Encodings } from "../src/program/encodings";
import type { Runtime } from "../src/runtime/runtime";
import { buildModels } from "../src/start/build-model";
import { openModels } from "../src/start/open-models";
import { openTokenizers } from "../src/start/open-tokenizers";
import { componentModels, configsOf } from "../src/start/recognise";
import { type StoredTensor, safetensors, temporaryFolder, write } from "./checkpoint-files";
import { wave } from "./memory-weights";
import { openCheckpoint } from "./open-known";

const tokenizers = join(import.meta.dirname, "../../../test/golden/tokenizers");

/** A checkpoint that has nothing but a text encoder, with weights of the given shapes, compiled and open. */
export async function openTextEncoder(
  runtime: Runtime,
  architecture: Architecture,
  config: object,
  shapes: Readonly<Record<string, readonly number[]>>,
  tokenizer: "clip" | "t5",
): Promise<FamilyParts> {
  const folder = temporaryFolder();
  const weights = Object.entries(shapes).map(([name, shape], i): [string, StoredTensor] => {
    const { data } = wave(shape, i);
    const isNorm = name.includes("norm") && name.endsWith("weight");
    return [name, { dtype: "float32", shape, bytes: data.map((x) => (isNorm ? 1 + x / 4 : x / 2)) }];
  });
  write(join(folder, "text_encoder/model.safetensors"), safetensors(Object.fromEntries(weights)));
  write(join(folder, "text_encoder/config.json"), JSON.stringify(config));
  cpSync(join(tokenizers, tokenizer), join(folder, "tokenizer"), { recursive: true });
  const { tokenizer_class } = JSON.parse(readFileSync(join(folder, "tokenizer/tokenizer_config.json"), "utf8"));
  write(
    join(folder, "model_index.json"),
    JSON.stringify({
      _class_name: "TestPipeline",
      text_encoder: ["transformers", architecture.className],
      tokenizer: ["transformers", tokenizer_class],
    }),
  );

  const checkpoint = openCheckpoint(folder);
  const components = { text_encoder: { [architecture.className]: { architecture, entry: "encode" } } };
  const family = { components, denoiser: "none" } as unknown as Family;
  const sources = componentModels(family, checkpoint);
  const plugins = { plugins: [] };
  const memory = { memory: "resident" } as const;
  const { models } = buildModels({ family, components: sources, structure: {} } as never, plugins, memory);
  const open = { cacheDir: join(folder, "cache"), plugins, denoiser: "none", memory, turns: new Turns() };
  const opened = await openModels(models, runtime, open);
  const programs = Object.fromEntries(opened.map(({ name, program }) => [name, program]));
  const configs = configsOf(sources, checkpoint);
  const opening = openTokenizers(checkpoint, configs, () => undefined);
  runtime.atClose(opening.close);
  const encodings = new Encodings({ runtime, runs: (name) => programs[name]!, stateOf: () => "" }, 0);
  return {
    checkpoint,
    runtime,
    programs,
    configs,
    tokenizer: opening.of,
    encoder: encodings.of,
  } as unknown as FamilyParts;
}
