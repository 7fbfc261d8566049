import { join } from "node:path";
import { writeSafetensors } from "../../../bench/write-safetensors";
import { originalFlux, originalVae, type StoredTensors } from "../../../packages/core/test/original-names";
import { tensorsIn } from "../../made-checkpoint";
import type { Kind } from "../kind";
import { MutatedFiles } from "../mutated-file";
import { copyPipeline, golden } from "../seeds";
import { inspected, small, tryConfig } from "../try-config";

function write(file: string, tensors: StoredTensors): void {
  writeSafetensors(
    file,
    [...tensors].map(
      ([
        name,
        {
          dtype,
          shape,
          bytes: { buffer, byteOffset, byteLength },
        },
      ]) => ({
        name,
        dtype,
        shape,
        pieces: () => [new Uint8Array(buffer, byteOffset, byteLength)],
      }),
    ),
  );
}

/** Components in files with their authors' names, which are told by their tensors. */
export const singleFileKinds: readonly Kind[] = [
  {
    name: "single file",
    weight: 3,
    prepare(place) {
      const model = copyPipeline("flux", place.folder);
      const components = {
        transformer: join(place.folder, "flux.safetensors"),
        vae: join(place.folder, "ae.safetensors"),
      };
      const own = (component: string): StoredTensors => tensorsIn(join(golden, "pipelines/flux", component));
      write(components.transformer, originalFlux(own("transformer")));
      write(components.vae, originalVae(own("vae")));
      const generate = { ...small, prompt: "a cat" };
      const mutated = new MutatedFiles(Object.values(components));
      return {
        attempt: (random) =>
          mutated.with(random, (file) =>
            // As a component, or as the model: it is none, which its tensors say.
            tryConfig(random.chance(0.8) ? { model, components, generate } : { model: file, generate }, place, random),
          ),
        sound: () => inspected({ model, components, generate }),
      };
    },
  },
];
