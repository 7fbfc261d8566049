import { cpSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Kind } from "../../../../test/fuzz/kind";
import { MutatedFiles } from "../../../../test/fuzz/mutated-file";
import { copyPipeline } from "../../../../test/fuzz/seeds";
import { small } from "../../../../test/fuzz/try-config";
import { checkEngine } from "../../src/compiler/check-engine";
import { createPipeline, listEngines } from "../../src/index";

/** Files of the compile cache: what is damaged is found, and an engine is compiled again. */
export const engineCacheKinds: readonly Kind[] = [
  {
    name: "engine cache",
    weight: 2,
    async prepare({ folder, drawn }) {
      const config = { model: copyPipeline("sd35-no-t5", folder), generate: { ...small, prompt: "a cat" } };
      const [sound, cacheDir] = [join(folder, "sound"), join(folder, "cache")];
      const open = (cacheDir: string) => createPipeline(config, { cacheDir, threads: 1 });
      await (await open(sound)).close();
      const restore = (): void => {
        rmSync(cacheDir, { recursive: true, force: true });
        cpSync(sound, cacheDir, { recursive: true });
      };
      restore();
      const names = readdirSync(cacheDir, { recursive: true, encoding: "utf8" });
      const files = names.map((name) => join(cacheDir, name)).filter((file) => statSync(file).isFile());
      const mutated = new MutatedFiles(files);
      return {
        async attempt(random) {
          const draws = random.chance(4 * drawn);
          await mutated.with(random, async () => {
            for (const { folder } of listEngines(cacheDir)) await checkEngine(folder, true);
            if (!draws) return;
            const pipeline = await open(cacheDir);
            await pipeline.generate().finally(() => pipeline.close());
          });
          if (draws) restore();
          return draws;
        },
        sound: async () => (await open(cacheDir)).close(),
      };
    },
  },
];
