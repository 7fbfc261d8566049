import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kind } from "../kind";
import { MutatedFiles } from "../mutated-file";
import { copyPipeline } from "../seeds";
import { inspected, small, tryConfig } from "../try-config";

const content = {
  name: "skipstep-plugin-odd",
  version: "1.0.0",
  description: "does nothing",
  type: "module",
  main: "index.js",
  keywords: ["skipstep-plugin"],
  exports: { ".": { types: "./index.d.ts", import: "./index.js", default: "./index.js" }, "./*": "./*.js" },
  peerDependencies: { "@skipstep/core": ">=0.1.0 <2 || ^3" },
};

/** A plugin without core's own decorator, which lies elsewhere: what `@plugin` leaves on a class, under its key. */
const code = `
export class Odd { beforeStep() {} }
const manifest = { name: "odd", description: "does nothing", options: { type: "object", properties: {} } };
Reflect.defineMetadata(Symbol.for("skipstep.manifest"), manifest, Odd);
`;

/** A plugin's package.json, which is read before its code. */
export const pluginPackageKinds: readonly Kind[] = [
  {
    name: "package.json of a plugin",
    weight: 1,
    prepare(place) {
      const folder = join(place.folder, "node_modules", content.name);
      mkdirSync(folder, { recursive: true });
      const file = join(folder, "package.json");
      writeFileSync(file, JSON.stringify(content));
      writeFileSync(join(folder, "index.js"), code);
      const model = copyPipeline("sd35-no-t5", place.folder);
      const config = { model, plugins: [{ use: content.name }], generate: { ...small, prompt: "a cat" } };
      const mutated = new MutatedFiles([file]);
      return {
        attempt: (random) => mutated.with(random, () => tryConfig(config, place, random)),
        sound: () => inspected(config, place.folder),
      };
    },
  },
];
