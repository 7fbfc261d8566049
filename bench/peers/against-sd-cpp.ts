import { join } from "node:path";
import type { Figure, Say } from "../benchmark";
import { drawApart, pluginFolder } from "../drawing-run";
import { writeRandomSd15 } from "../random-sd15";
import { drawWithSdCpp, type SdCppRun, withoutSdCpp } from "./sd-cpp";

const TITLE = "Stable Diffusion 1.5, 512 x 512";
const STEPS = 2;
const SIDE = 512;

const int8 = [
  { use: pluginFolder("channels-last"), options: { int8: "dynamic" }, components: ["unet", "vae"] },
  { use: pluginFolder("bnb"), options: { load_in_8bit: true, llm_int8_threshold: 0 } },
];

/** A whole generation beside stable-diffusion.cpp's, which runs no component by itself. */
export async function againstSdCpp(folder: string, threads: number, wanted: RegExp, say: Say): Promise<Figure[]> {
  if (!wanted.test(`${TITLE}, stable-diffusion.cpp`)) return [];
  const missing = withoutSdCpp();
  if (missing !== undefined) {
    say(`stable-diffusion.cpp is left out: ${missing}`);
    return [];
  }
  writeRandomSd15(folder);
  const cacheDir = join(folder, "cache");
  const generate = { prompt: "red heart", height: SIDE, width: SIDE, num_inference_steps: STEPS, guidance_scale: 4 };
  const ours = [
    ["float32", []],
    ["channels-last, int8, and bnb, 8 bits", int8],
  ] as const;
  const figures = ours.flatMap(([title, plugins]): Figure[] => {
    const drawn = drawApart({ config: { model: folder, generate, plugins }, cacheDir, rounds: 2 });
    const rest = drawn.seconds - drawn.denoiseSeconds;
    return rows(title, drawn.denoiseSeconds, rest, drawn.processor);
  });
  for (const type of ["f32", "f16", "q8_0"]) {
    const run: SdCppRun = { folder, side: SIDE, steps: STEPS, threads, type };
    const drawn = await drawWithSdCpp(run);
    if (typeof drawn === "string") say(`stable-diffusion.cpp, ${type}, is left out: ${drawn}`);
    else figures.push(...rows(`stable-diffusion.cpp, ${type}`, drawn.sampling, drawn.decoding, drawn.processor));
  }
  return figures;
}

function rows(title: string, sampling: number, decoding: number, processor: number): Figure[] {
  return [
    { what: `${TITLE}, ${title}: a guided step`, value: sampling / STEPS, unit: "s" },
    { what: `${TITLE}, ${title}: prompt and decoding`, value: decoding, unit: "s" },
    { what: `${TITLE}, ${title}: processor, an image of ${STEPS} steps`, value: processor, unit: "s" },
  ];
}
