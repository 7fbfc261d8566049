import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes `draw.ts`, which draws one picture with a plugin that stands in the code, as bundles without node_modules do. */
export function writeProgram(app) {
  const model = join(app, "node_modules/@skipstep/model-emoji"); // data that no bundle has
  const code = `import { writeFile } from "node:fs/promises";
import { createPipeline } from "@skipstep/core";
import { FirstBlockCache } from "@skipstep/plugin-fbcache";

async function main(file: string) {
  const pipeline = await createPipeline({
    model: ${JSON.stringify(model)},
    generate: { num_inference_steps: 20, guidance_scale: 2, height: 128, width: 128, seed: 42 },
    plugins: [{ use: FirstBlockCache, options: { threshold: 0.12 } }],
    strict: true,
  });
  const { images } = await pipeline.generate({ prompt: "red heart" });
  await writeFile(file, await images[0]!.toPng());
  await pipeline.close();
}

main(process.argv[2]!);
`;
  writeFileSync(join(app, "draw.ts"), code);
}
