import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { openComponentWeights } from "@skipstep/core";
import type { Kind } from "../kind";
import { MutatedFiles } from "../mutated-file";
import { copyFolder, golden } from "../seeds";

/** Everything that a folder of packed weights stands for. */
async function read(folder: string): Promise<boolean> {
  const { weights } = await openComponentWeights(folder);
  try {
    for (const name of weights.names) {
      weights.readFloat32(name);
      weights.readRows(name, 0, 1);
    }
  } finally {
    weights.close();
  }
  return false;
}

/** Files that SDNQ, quanto, torchao, ComfyUI and others wrote, which core reads by itself. */
export const packedKinds: readonly Kind[] = [
  {
    name: "packed weights",
    weight: 5,
    prepare(place) {
      const from = join(golden, "quantized");
      const names = readdirSync(from).filter((name) => statSync(join(from, name)).isDirectory() && name !== "bnb-cpu");
      const subjects = names.map((name) => {
        const folder = copyFolder(join(from, name), join(place.folder, name));
        const files = readdirSync(folder).filter((file) => /^(config\.json|diffusion_pytorch_model\S*)$/.test(file));
        return { folder, mutated: new MutatedFiles(files.map((file) => join(folder, file))) };
      });
      return {
        attempt(random) {
          const { folder, mutated } = random.pick(subjects);
          return mutated.with(random, () => read(folder));
        },
        sound: () => Promise.all(subjects.map(({ folder }) => read(folder))),
      };
    },
  },
];
