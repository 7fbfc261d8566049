import { cpSync } from "node:fs";
import { join } from "node:path";
import { type ConfigInput, findQuantizer, openComponentWeights } from "@skipstep/core";
import { Bnb } from "@skipstep/plugin-bnb";
import { Gguf } from "@skipstep/plugin-gguf";
import { SvdQuant } from "@skipstep/plugin-svdquant";
import { type TensorToWrite, writeSafetensors } from "../../../bench/write-safetensors";
import { readImportance } from "../../../plugins/gguf/src/writing/importance";
import type { Kind, Place, Subject } from "../kind";
import { mutateBytes } from "../mutate-bytes";
import { MutatedFiles } from "../mutated-file";
import type { Random } from "../random";
import { copyFolder, copyPipeline, golden, root } from "../seeds";
import { inspected, small, tryConfig } from "../try-config";

const generate = { ...small, prompt: "a cat" };

function subject(mutated: MutatedFiles, config: ConfigInput, place: Place): Subject {
  return {
    attempt: (random) => mutated.with(random, () => tryConfig(config, place, random)),
    sound: () => inspected(config),
  };
}

/** Where a GGUF file's numbers and names end, and its blocks begin. */
function mutateGguf(content: Buffer, random: Random): Buffer {
  return mutateBytes(content, random, random.chance(0.5) ? 64 : 6000);
}

/** Weights of a Z-Image transformer as `skipstep quantize --to svdquant` writes them. */
async function writeSvdquant(folder: string): Promise<ConfigInput> {
  const model = copyFolder(join(root, "packages/contract/models/z-image"), join(folder, "z-image"));
  const file = join(folder, "svdquant.safetensors");
  const found = await findQuantizer(
    join(root, "plugins/svdquant"),
    { rank: 4, alpha: 0.5, iterations: 1, steps: 1, tokens: 32 },
    ".",
  );
  const { weights, component, pipeline } = await openComponentWeights({
    model,
    generate: { prompt: "a cat", num_inference_steps: 1, guidance_scale: 0, height: 32, width: 32, seed: 3 },
  });
  await found.quantizer
    .quantize({
      component,
      weights,
      options: found.options,
      file,
      ...(pipeline ? { config: pipeline.config } : {}),
      images: () => [{ prompt: "a dog" }],
      signal: new AbortController().signal,
      onProgress: () => undefined,
    })
    .finally(() => weights.close());
  return {
    model,
    components: { transformer: file },
    plugins: [{ use: SvdQuant }],
    generate: { ...generate, height: 32, width: 32 },
  };
}

function vector(name: string, values: readonly number[]): TensorToWrite {
  const pieces = (): Uint8Array[] => [new Uint8Array(Float32Array.from(values).buffer)];
  return { name, dtype: "float32", shape: [values.length], pieces };
}

export const quantizedKinds: readonly Kind[] = [
  {
    name: "GGUF",
    weight: 6,
    prepare(place) {
      const model = copyPipeline("flux", place.folder);
      const file = join(place.folder, "model.gguf");
      cpSync(join(golden, "extras/gguf-flux/model.gguf"), file);
      cpSync(join(golden, "flux/config.json"), join(model, "transformer/config.json")); // what it was made of
      const config = { model, components: { transformer: file }, plugins: [{ use: Gguf }], generate };
      return subject(new MutatedFiles([file], mutateGguf), config, place);
    },
  },
  {
    name: "bitsandbytes",
    weight: 4,
    prepare(place) {
      const model = copyPipeline("z-image", place.folder);
      const folder = copyFolder(join(golden, "extras/bnb-z-image"), join(place.folder, "bnb"));
      const config = { model, components: { transformer: folder }, plugins: [{ use: Bnb }], generate };
      const files = ["config.json", "diffusion_pytorch_model.safetensors"].map((name) => join(folder, name));
      return subject(new MutatedFiles(files), config, place);
    },
  },
  {
    name: "SVDQuant",
    weight: 3,
    async prepare(place) {
      const config = await writeSvdquant(place.folder);
      return subject(new MutatedFiles([config.components!.transformer!]), config, place);
    },
  },
  {
    name: "importances of GGUF",
    weight: 1,
    prepare({ folder }) {
      const file = join(folder, "importance.safetensors");
      const names = ["layers.0.attention.to_q.weight", "layers.0.feed_forward.w1.weight"];
      writeSafetensors(
        file,
        names.flatMap((name) => [vector(`${name}.in_sum2`, [1, 2, 3, 4]), vector(`${name}.counts`, [3])]),
      );
      const mutated = new MutatedFiles([file]);
      const read = async (): Promise<boolean> => {
        await readImportance(file);
        return false;
      };
      return { attempt: (random) => mutated.with(random, read), sound: read };
    },
  },
];
