import { createPipeline, type GenerateRequest, type Pipeline, validateConfig } from "@skipstep/core";
import { floats } from "@skipstep/core/model";
import type { Kind } from "../kind";
import type { Random } from "../random";
import { copyPipeline } from "../seeds";
import { small } from "../try-config";

const model = "sd35-no-t5";
const cyclic: unknown[] = [];
cyclic.push(cyclic);

/** Values that a program without a type checker may pass. Strings name no file that is there. */
const odd: readonly unknown[] = [
  ...[null, undefined, true, false, 0, -1, 1.5, 1e308, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 7n, Symbol("x")],
  ...["", "x", "a\u0000b", "\u001b[31m\n\u2028", "x".repeat(100_000), "__proto__"],
  ...[[], {}, [null], [undefined], [[]], new Map(), new Date(0), /x/, cyclic, Object.create(null), new Proxy({}, {})],
  ...[() => undefined, async () => Promise.reject(new Error("refused")), class Odd {}],
  ...[new Uint8Array(4), new Float32Array(3), new AbortController(), AbortSignal.abort("no more")],
  ...[{ dtype: "float32", shape: [1, 16, 8, 8], data: new Float32Array(3) }, floats([1, 4, 8, 8]), floats([0])],
  ...[
    { width: 8, height: 8, values: new Float32Array(5) },
    { width: -1, height: 1e9, values: [] },
  ],
  ...[["a cat", 3], { length: 4 }, { toString: null }, { use: null }, [{ use: 3 }], ["../nowhere"]],
];

const requestKeys = [
  ...["prompt", "prompt_2", "negative_prompt", "num_inference_steps", "guidance_scale", "height", "width", "seed"],
  ...["num_images_per_prompt", "max_sequence_length", "sigmas", "timesteps", "image", "strength", "vae_tiling"],
  ...["latents", "picture", "signal", "onProgress", "previews", "class_labels", "unknown"],
];

const optionKeys = ["overrides", "folder", "cacheDir", "threads", "signal", "onProgress", "unknown"];

/** One odd value, or an object with a few of them. */
function oddObject(keys: readonly string[], base: object, random: Random): unknown {
  if (random.chance(0.1)) return random.pick(odd);
  const changed = Array.from({ length: random.few() }, () => [random.pick(keys), random.pick(odd)]);
  return { ...base, ...Object.fromEntries(changed) };
}

/** What `generate` and `setPlugins` are called with in code, on one open pipeline. */
const requests: Kind = {
  name: "requests in code",
  weight: 3,
  async prepare(place) {
    const config = { model: copyPipeline(model, place.folder), generate: { ...small, prompt: "a cat" } };
    const cacheDir = `${place.folder}/cache`;
    const pipeline = await createPipeline(config, { cacheDir, threads: 1 });
    return {
      async attempt(random) {
        if (random.chance(0.1)) {
          await pipeline.setPlugins(...(pluginArguments(random) as Parameters<Pipeline["setPlugins"]>));
          return false;
        }
        await pipeline.generate(oddObject(requestKeys, small, random) as GenerateRequest);
        return true;
      },
      sound: () => pipeline.generate(),
      async close() {
        await pipeline.close();
      },
    };
  },
};

function pluginArguments(random: Random): unknown[] {
  const plugins = random.chance(0.5) ? random.pick(odd) : [random.pick(odd), { use: random.pick(odd) }];
  return [plugins, ...(random.chance(0.5) ? [oddObject(optionKeys, {}, random)] : [])];
}

/** What `validateConfig` and `createPipeline` are called with. */
const options: Kind = {
  name: "options in code",
  weight: 3,
  prepare(place) {
    const config = { model: copyPipeline(model, place.folder), generate: { ...small, prompt: "a cat" } };
    const configKeys = ["model", "variant", "components", "lora", "device", "memory", "device_map", "scheduler"];
    configKeys.push("generate", "guidance", "plugins", "strict", "extends", "unknown");
    return {
      async attempt(random) {
        const input = random.chance(0.5) ? oddObject(configKeys, config, random) : config;
        const given = oddObject(optionKeys, {}, random);
        await validateConfig(input as typeof config, given as object);
        return false;
      },
      sound: () => validateConfig(config, {}),
    };
  },
};

export const requestKinds: readonly Kind[] = [requests, options];
