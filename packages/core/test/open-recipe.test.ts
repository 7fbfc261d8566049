import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type ConfigInput,
  createPipeline,
  type GenerateResult,
  type OpenedRecipe,
  type OpenRecipeOptions,
  openRecipe,
  type Recipe,
  readRecipe,
  validateConfig,
} from "../src";
import { addText, readText } from "../src/image/png-text";
import type { RecipeSource } from "../src/recipe/recipe-sources";
import { safetensors, temporaryFolder, write } from "./checkpoint-files";
import { pluginWith } from "./hook-recorder";

const folder = temporaryFolder();
const cacheDir = join(folder, "cache");
const home = join(folder, "private-home");
const model = join(home, "models/z-image");
const lora = join(home, "loras/cat.safetensors");
const vae = join(home, "other-vae");
const picture = join(home, "pictures/mine.png");
const root = join(import.meta.dirname, "../../..");

const generate = { prompt: "a cat", num_inference_steps: 2, guidance_scale: 0, height: 32, width: 32, seed: 3 };
const config: ConfigInput = {
  model,
  components: { vae },
  lora: [{ path: lora, scale: 0.5 }],
  generate: { ...generate, image: picture, strength: 1 },
};

async function generated(input: ConfigInput | OpenedRecipe, cache = cacheDir): Promise<GenerateResult> {
  const pipeline = await createPipeline(input, { cacheDir: cache, threads: 1 });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

const pngOf = async (result: GenerateResult): Promise<Buffer> => Buffer.from(await result.images[0]!.toPng());
const open = (recipe: Recipe, options: OpenRecipeOptions = {}): Promise<OpenedRecipe> =>
  openRecipe(recipe, { cacheDir, folder: root, ...options });

async function failure(promise: Promise<unknown>): Promise<string> {
  const error = (await promise.then(
    () => ({ message: "it did not fail" }),
    (thrown: unknown) => thrown,
  )) as { code?: string; message: string };
  return `${error.code} ${error.message}`;
}

let first: GenerateResult;
let png: Buffer;
let recipe: Recipe;

beforeAll(async () => {
  cpSync(join(import.meta.dirname, "../../contract/models/z-image"), model, { recursive: true });
  cpSync(join(model, "vae"), vae, { recursive: true });
  const matrix = (shape: number[]) => ({ dtype: "float32" as const, shape, bytes: new Float32Array(128).fill(0.1) });
  const name = "transformer.layers.0.attention.to_q";
  write(lora, safetensors({ [`${name}.lora_A.weight`]: matrix([2, 64]), [`${name}.lora_B.weight`]: matrix([64, 2]) }));
  const plain = await generated({ model, generate });
  write(picture, await plain.images[0]!.toPng({ recipe: false }));
  first = await generated(config);
  png = await pngOf(first);
  recipe = readRecipe(png, "a.png");
});

/** A config that may say anything. */
type Loose = ReturnType<typeof JSON.parse>;

/** What a stranger writes: the picture with another recipe in it. */
function foreign(change: (config: Loose) => void): Recipe {
  const whole = JSON.parse(readText(png)!.skipstep!);
  change(whole.config);
  const plain = addText(Buffer.concat([png.subarray(0, 33), png.subarray(png.length - 12)]), {
    skipstep: JSON.stringify(whole),
  });
  return readRecipe(plain, "stranger.png");
}

describe("a picture", () => {
  it("names what made it by name and hash, and no path", () => {
    const text = png.toString("latin1");
    for (const secret of [folder, home, "private-home", "loras/", root]) expect(text).not.toContain(secret);
    const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);
    const [{ files }] = JSON.parse(
      readFileSync(join(cacheDir, "places", `${recipe.config.components!.vae!.sha256}.json`), "utf8"),
    );
    expect(Object.keys(files)).toEqual(["config.json", "diffusion_pytorch_model.safetensors"]);
    expect(recipe).toMatchObject({
      recipe: 2,
      config: {
        model: { name: "z-image", sha256 },
        components: { vae: { name: "other-vae", sha256 } },
        lora: [{ path: { name: "cat.safetensors", sha256 }, scale: 0.5 }],
        generate: { image: { name: "mine.png", sha256 } },
      },
    });
    expect(readText(png)!.parameters).toContain("Model: z-image,");
    expect(first.recipe).toEqual(recipe);
  });

  it("is the same file whatever order the config has its keys in", async () => {
    const turned = Object.fromEntries(Object.entries(config).reverse());
    const other = { ...turned, generate: Object.fromEntries(Object.entries(config.generate!).reverse()) };
    expect((await pngOf(await generated(other))).equals(png)).toBe(true);
  });

  it("says the same in each run, with engines compiled anew or not, and in another folder", async () => {
    expect((await pngOf(await generated(config))).equals(png)).toBe(true);
    expect((await pngOf(await generated(config, join(folder, "other-cache")))).equals(png)).toBe(true);
    const moved = join(folder, "moved");
    cpSync(model, join(moved, "z-image"), { recursive: true });
    expect((await pngOf(await generated({ ...config, model: join(moved, "z-image") }))).equals(png)).toBe(true);
  });

  it("says nothing with recipe: false", async () => {
    const plain = Buffer.from(await first.images[0]!.toPng({ recipe: false }));
    expect(readText(plain)).toEqual({});
    expect(plain.includes("a cat")).toBe(false);
  });
});

describe("opening a recipe", () => {
  it("reads nothing that nobody allowed, and lists it", async () => {
    const said = await failure(open(recipe));
    expect(said).toMatch(/^SKIPSTEP_RECIPE_UNTRUSTED Nobody allowed what the recipe reads: /);
    for (const place of [
      `model ${join(folder, "moved/z-image")}`,
      `components.vae ${vae}`,
      `lora.0 ${lora}`,
      `generate.image ${picture}`,
    ])
      expect(said).toContain(place);
  });

  it("lists what a stranger wrote in printable letters", async () => {
    const odd = foreign((own) => {
      own.model = "/x/\u001b[2Jrm\u2028\u202e";
    });
    expect(await failure(open(odd))).toContain("model /x/\\u001b[2Jrm\\u2028\\u202e; components.vae ");
  });

  it("finds all of it again by its hash, and makes the same file", async () => {
    const opened = await open(recipe, { allow: true });
    expect((await pngOf(await generated(opened))).equals(png)).toBe(true);
  });

  it("finds each of several images", async () => {
    const { image } = recipe.config.generate;
    const several = { ...recipe, config: { ...recipe.config, generate: { ...generate, image: [image, image] } } };
    const opened = await open(several as Recipe, { allow: true });
    expect(opened.config.generate).toEqual({ ...generate, image: [picture, picture] });
  });

  it("asks once about everything, in order", async () => {
    const asked: RecipeSource[][] = [];
    const allow = (answer: boolean) => (sources: readonly RecipeSource[]) => {
      asked.push([...sources]);
      return answer;
    };
    expect(await failure(open(recipe, { allow: allow(false) }))).toContain("SKIPSTEP_RECIPE_UNTRUSTED");
    await open(recipe, { allow: allow(true) });
    expect(asked).toHaveLength(2);
    expect(asked[0]!.map(({ key }) => key)).toEqual(["model", "components.vae", "lora.0", "generate.image"]);
  });

  it("takes a list of folders and files, links followed", async () => {
    await open(recipe, { allow: [home, join(folder, "moved")] });
    expect(await failure(open(recipe, { allow: [home.slice(0, -1), model] }))).toContain("components.vae");
    // A link in an allowed folder leads out of it.
    const allowed = join(folder, "allowed");
    mkdirSync(allowed);
    symlinkSync(lora, join(allowed, "cat.safetensors"));
    symlinkSync(model, join(allowed, "model"));
    const linked = foreign((own) => {
      own.model = join(allowed, "model");
      own.lora = [join(allowed, "cat.safetensors"), join(allowed, "../private-home/loras/cat.safetensors")];
      delete own.components;
      delete own.generate.image;
    });
    const said = await failure(open(linked, { allow: [allowed] }));
    for (const place of [`model ${model}`, `lora.0 ${lora}`, `lora.1 ${lora}`]) expect(said).toContain(place);
    const opened = await open(linked, { allow: [model, lora] });
    expect(opened.config).toMatchObject({ model, lora: [{ path: lora }, { path: lora }] });
  });

  it("finds a model that moved where it was used last, and forgets where it is no more", async () => {
    const sha256 = recipe.config.model.sha256!;
    const note = join(cacheDir, "places", `${sha256}.json`);
    const moved = join(folder, "moved/z-image");
    expect(readFileSync(note, "utf8")).toContain(moved);
    rmSync(join(folder, "moved"), { recursive: true });
    expect((await open(recipe, { allow: [home] })).config.model).toBe(model);
    expect(readFileSync(note, "utf8")).not.toContain(moved);
    renameSync(model, `${model}-2`);
    expect(await failure(open(recipe, { allow: true }))).toMatch(
      new RegExp(
        `^SKIPSTEP_RECIPE_FILE The recipe's model "z-image" \\(sha256 ${sha256}\\) was not used on this machine`,
      ),
    );
    expect(existsSync(note)).toBe(false);
    renameSync(`${model}-2`, model);
    await generated(config);
    await open(recipe, { allow: [home] });
    expect(readdirSync(join(cacheDir, "places")).filter((name) => !/^[0-9a-f]{64}\.json$/.test(name))).toEqual([]);
  });

  it("is not content with a file that has another content by now", async () => {
    const content = readFileSync(lora);
    write(lora, Buffer.concat([content.subarray(0, -4), Buffer.from([0, 0, 0, 1])]));
    expect(await failure(open(recipe, { allow: true }))).toContain(`SKIPSTEP_RECIPE_FILE The recipe's lora.0 "cat.`);
    write(lora, content);
    await generated(config);
  });

  it("asks nothing about what the user's own config reads", async () => {
    const own = await validateConfig(config);
    const opened = await open(recipe, { config: own });
    expect(opened.named).toEqual([]);
    expect((await pngOf(await generated(opened))).equals(png)).toBe(true);
    // Found by its content in the config, also where no cache knows of it.
    await openRecipe(recipe, { config: own, cacheDir: join(folder, "empty-cache"), folder: root });
    const bare = await validateConfig({ model, generate });
    expect(await failure(open(recipe, { config: bare }))).toMatch(
      /reads: components\.vae [^;]+; lora\.0 [^;]+; generate\.image [^;]+\. Say yes/,
    );
  });

  it("asks nothing about what overrides replace", async () => {
    const overrides = ["components={}", `lora.0.path=${lora}`, { path: ["generate", "image"], value: picture }];
    const given = [...overrides, `model=${model}`];
    const opened = await open(recipe, { overrides: given });
    const { config: checked } = await validateConfig(opened, { overrides: given });
    expect(checked).toMatchObject({ model, lora: [{ path: lora }], generate: { image: picture }, components: {} });
  });
});

describe("a hostile recipe", () => {
  const trap = join(folder, "sprung");
  const evil = (): string =>
    write(
      join(folder, "traps/evil.mjs"),
      `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(trap)}, "");`,
    );
  const packaged = (name: string, json: object = {}): void => {
    write(
      join(folder, "traps/node_modules", name, "package.json"),
      JSON.stringify({ name, version: "1.0.0", type: "module", exports: "./index.js", ...json }),
    );
    write(join(folder, "traps/node_modules", name, "index.js"), readFileSync(evil()));
  };
  const traps = { allow: true as const, folder: join(folder, "traps") };

  it.each([
    ["an absolute path", () => evil()],
    ["a relative path", () => "./evil.mjs"],
    ["a path out of packages", () => "../traps/evil.mjs"],
    ["a file address", () => `file://${evil()}`],
    ["a data address", () => "data:text/javascript,0"],
    ["a web address", () => "https://example.org/evil.mjs"],
    ["a builtin", () => "node:fs"],
    ["a part of a package", () => "skipstep-plugin-good/index.js"],
    ["a way out of a package", () => "skipstep-plugin-good/../../evil.mjs"],
    ["a way out of a scope", () => "@scope/../../evil.mjs"],
    ["a scope alone", () => "@scope"],
    ["dots", () => ".."],
    ["backslashes", () => "..\\evil.mjs"],
    ["a drive", () => "C:\\evil.mjs"],
    ["a share", () => "\\\\host\\evil.mjs"],
    ["a NUL", () => "fbcache\0/../evil.mjs"],
    ["a long name", () => "a".repeat(100_000)],
  ])("loads no plugin by %s", async (_, use) => {
    packaged("skipstep-plugin-good");
    const hostile = foreign((own) => {
      own.plugins = [{ use: use() }];
    });
    expect(await failure(open(hostile, traps))).toMatch(/^SKIPSTEP_RECIPE_REFUSED The recipe has plugins\.0\.use "/);
    expect(await failure(createPipeline({ ...hostile.config, model } as never))).toMatch(/^SKIPSTEP_CONFIG_INVALID/);
    expect(existsSync(trap)).toBe(false);
  });

  it("loads no package that is no plugin, nor one that a nearer package hides", async () => {
    packaged("left-pad");
    packaged("fbcache");
    packaged("@far/away", { keywords: ["skipstep-plugin"] });
    const here = join(folder, "traps/near");
    write(
      join(here, "node_modules/@far/away/package.json"),
      JSON.stringify({ name: "@far/away", exports: "./index.js" }),
    );
    write(join(here, "node_modules/@far/away/index.js"), "");
    for (const use of ["left-pad", "fbcache", "nowhere", "@far/away"]) {
      const hostile = foreign((own) => {
        own.plugins = [{ use }];
      });
      expect(await failure(open(hostile, { ...traps, folder: here }))).toMatch(
        /^SKIPSTEP_PLUGIN_UNKNOWN No plugin is called/,
      );
    }
    expect(existsSync(trap)).toBe(false);
  });

  it("is read as one that came from a file, whoever parsed it", async () => {
    const own = { model: "/etc", lora: ["/etc/cat.safetensors"], components: { vae: "/etc/vae" }, plugins: [] };
    const parsed = { ...recipe, config: { ...own, generate: { ...generate, image: "/etc/mine.png" } } };
    expect(await failure(open(parsed as never))).toMatch(
      /^SKIPSTEP_RECIPE_UNTRUSTED .*: model \/etc; components\.vae \/etc\/vae; lora\.0 [^;]+; generate\.image /,
    );
    const several = { ...parsed.config, generate: { ...generate, image: ["/etc/mine.png", "/etc/other.png"] } };
    expect(await failure(open({ ...recipe, config: several } as never))).toMatch(
      /^SKIPSTEP_RECIPE_UNTRUSTED .*; generate\.image\.0 [^;]+mine\.png; generate\.image\.1 [^;]+other\.png/,
    );
    const plugins = [{ use: evil() }];
    const code = open({ ...recipe, config: { ...parsed.config, plugins } } as never, traps);
    expect(await failure(code)).toMatch(/^SKIPSTEP_RECIPE_REFUSED /);
  });

  it.each([[null], [false], ["true"], ["/"], [7], [[7, null]], [() => 1], [() => "no"], [async () => ({})]])(
    "is allowed by nothing but true, lists and a yes: %j",
    async (allow) => {
      expect(await failure(open(recipe, { allow: allow as never }))).toMatch(/^SKIPSTEP_RECIPE_UNTRUSTED /);
    },
  );

  it("loads no package in the place of a plugin that overrides name, should they be forgotten", async () => {
    packaged("left-pad");
    const hostile = foreign((own) => {
      own.plugins = [{ use: "left-pad" }];
    });
    const mine = { ...hostile, config: { ...hostile.config, model: { name: "z-image", path: model } } };
    for (const override of ["plugins.0.use=fbcache", 'plugins=["fbcache"]', 'plugins.0={"use":"fbcache"}']) {
      const opened = await open(mine, { ...traps, overrides: [override] });
      await validateConfig(opened).catch(() => undefined);
      expect(JSON.stringify(opened.config.plugins)).not.toContain("left-pad");
    }
    expect(existsSync(trap)).toBe(false);
  });

  it.each([
    "/etc/calibration.json",
    " /etc/calibration.json",
    "../calibration.json",
    "data/../../calibration.json",
    "data/calibration.json",
    "..",
    "~me/calibration.json",
    "file:calibration.json",
    "https://example.org/calibration.json",
    "\\\\host\\calibration.json",
    "data\\..\\calibration.json",
  ])("takes no option that is a path: %j", async (option) => {
    for (const options of [{ file: option }, { files: [[option]] }, { deep: { inner: option } }]) {
      const hostile = foreign((own) => {
        own.plugins = [{ use: "fbcache", options }];
      });
      expect(await failure(open(hostile, { allow: true }))).toMatch(/^SKIPSTEP_RECIPE_REFUSED .* name no files/);
    }
  });

  it("takes installed plugins by name, by its short form, and classes that the program has", async () => {
    const named = foreign((own) => {
      own.plugins = ["fbcache", { use: "mine", options: {} }];
    });
    const Mine = pluginWith("mine", () => ({ beforeStep: () => undefined }));
    const { config: opened } = await open(named, { allow: true, classes: [Mine] });
    expect(opened.plugins).toMatchObject([{ use: "@skipstep/plugin-fbcache" }, { use: Mine }]);
  });

  it("names a plugin that a config had by path, and finds it in a config of the user's", async () => {
    const file = write(
      join(home, "plugins/mine.mjs"),
      `export class Mine { beforeStep() {} }
       Reflect.defineMetadata(Symbol.for("skipstep.manifest"), ${JSON.stringify({ name: "mine", description: "Mine.", options: { type: "object", properties: {} } })}, Mine);`,
    );
    const plain = { model, generate, plugins: [{ use: file }] };
    const made = await generated(plain);
    const mine = readRecipe(await pngOf(made), "mine.png");
    expect(mine.config.plugins).toEqual([{ use: { name: "mine", sha256: expect.any(String) }, options: {} }]);
    expect(await failure(open(mine, { allow: true }))).toMatch(
      /^SKIPSTEP_RECIPE_REFUSED The recipe has the plugin "mine", which a config named by path: code is only loaded .*the same file is .*mine\.mjs/,
    );
    const opened = await open(mine, { config: await validateConfig(plain) });
    expect((await pngOf(await generated(opened))).equals(await pngOf(made))).toBe(true);
  });

  it.each<[string, (own: Loose) => void, RegExp]>([
    [
      "extends",
      (own) => {
        own.extends = "/etc/hosts";
      },
      /^SKIPSTEP_RECIPE_REFUSED The recipe has "extends"/,
    ],
    [
      "a share as model",
      (own) => {
        own.model = "//host/share";
      },
      /^SKIPSTEP_RECIPE_REFUSED .*another machine/,
    ],
    [
      "an address as picture",
      (own) => {
        own.generate.image = "https://example.org/a.png";
      },
      /^SKIPSTEP_RECIPE_REFUSED .*another machine/,
    ],
    [
      "a path in options",
      (own) => {
        own.plugins = [{ use: "fbcache", options: { a: [{ b: "/etc/passwd" }] } }];
      },
      /^SKIPSTEP_RECIPE_REFUSED .*plugins\.0\.options\.a\.0\.b "\/etc\/passwd"/,
    ],
    [
      "no repository",
      (own) => {
        own.model = "hf:../../x";
      },
      /^SKIPSTEP_HUB_NAME/,
    ],
    [
      "a hash that is a path",
      (own) => {
        own.model = { name: "m", sha256: "../../x" };
      },
      /^SKIPSTEP_CONFIG_INVALID .*model must be a string/,
    ],
    [
      "a variant that is a path",
      (own) => {
        own.variant = "x/../../y";
      },
      /^SKIPSTEP_CONFIG_INVALID .*variant must match pattern/,
    ],
  ])("with %s is refused", async (_, change, message) => {
    const validated = open(foreign(change), { allow: true }).then((opened) => validateConfig(opened));
    expect(await failure(validated)).toMatch(message);
  });

  it.each<[string, (own: Loose) => void]>([
    ["a number as the model", (own) => Object.assign(own, { model: 5 })],
    ["LoRAs that are none", (own) => Object.assign(own, { lora: { path: 1 } })],
    ["components that are a list", (own) => Object.assign(own, { components: [] })],
    ["a picture that is a number", (own) => Object.assign(own.generate, { image: -1 })],
    ["plugins that are none", (own) => Object.assign(own, { plugins: [null, 3, { use: {} }] })],
  ])("with %s is none", (_, change) => {
    expect(() => foreign(change)).toThrow(/carries a recipe that this version does not read\. Its \/config/);
  });

  it("is nothing that code can take for a config", async () => {
    const hostile = foreign((own) => {
      own.model = model;
      own.plugins = [evil()];
    });
    expect(await failure(createPipeline(hostile.config as never))).toMatch(/^SKIPSTEP_CONFIG_INVALID/);
    expect(await failure(createPipeline({ config: { model }, folder, named: [] } as never))).toMatch(
      /^SKIPSTEP_CONFIG_INVALID/,
    );
    expect(existsSync(trap)).toBe(false);
  });
});
