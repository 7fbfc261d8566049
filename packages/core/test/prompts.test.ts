import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { processorTime } from "../../../test/processor-time";
import { chunkers, type PromptToken } from "../src/families/prompts/chunks";
import { type PromptWeighting, promptWeightings, readPrompt } from "../src/families/prompts/read-prompt";
import {
  type ConfigInput,
  createPipeline,
  type GenerateRequest,
  type GenerateResult,
  inspectConfig,
  openRecipe,
  validateConfig,
} from "../src/index";
import { fillSettings } from "../src/loop/request";
import { safetensors, temporaryFolder, write } from "./checkpoint-files";

const golden = join(import.meta.dirname, "../../../test/golden");
const data = join(golden, "extras/prompts");
const sd15 = join(golden, "pipelines/sd15");
const sdxl = join(golden, "pipelines/sdxl");

type Weighted = readonly (readonly [text: string, weight: number])[];
interface Parsed {
  readonly text: string;
  readonly a1111: readonly Weighted[];
  readonly comfyui: Weighted;
  readonly compel: readonly {
    readonly weight: number;
    readonly normalized: boolean;
    readonly strands: readonly (readonly [share: number, fragments: Weighted])[];
  }[];
}

/** What the parsers of A1111, ComfyUI and compel 2.5.1 make of texts drawn at random. */
const parsed: readonly Parsed[] = JSON.parse(readFileSync(join(data, "parsed.json"), "utf8"));
const rules = ["a1111", "comfyui", "compel"] as const;

describe("brackets", () => {
  const rounded = (weight: number): number => Number(weight.toPrecision(10));
  const read = (text: string, weighting: PromptWeighting) => {
    const { parts, problem } = readPrompt(text, weighting);
    expect(problem).toBeUndefined();
    return parts.map(({ weight, isNormalized, strands }) => ({
      weight,
      normalized: isNormalized,
      strands: strands.map(({ share, fragments }) => [
        share,
        fragments.flatMap((one) => (one.text === "" ? [] : [[one.text, rounded(one.weight)]])),
      ]),
    }));
  };

  it.each(parsed)("$text are read as their authors' programs read them", ({ text, a1111, comfyui, compel }) => {
    expect(read(text, "a1111").map(({ strands }) => strands[0]![1])).toEqual(a1111);
    expect(read(text, "comfyui").map(({ strands }) => strands[0]![1])).toEqual([comfyui]);
    expect(read(text, "compel")).toEqual(compel);
  });

  it.each<[PromptWeighting, string, string]>([
    ["a1111", "a (cat:1.2.3)", 'has the weight "1.2.3", which is no number'],
    ["a1111", "a (cat:1000000000)", "has the weight 1000000000, and weights are from -1000 to 1000"],
    ["a1111", "a (cat BREAK dog)", "has BREAK in brackets, where A1111 takes it for a word. Write it outside of them"],
    ["a1111", "a [cat:dog:0.5]", 'has "[cat:dog:0.5]", which changes from step to step in A1111, and is not done here'],
    ["a1111", "a [cat|dog] b", 'has "[cat|dog]", which changes from step to step'],
    ["a1111", "a cat AND a dog", "has AND, which composes prompts in A1111"],
    ["a1111", "a <lora:cat:0.8>", 'has "<lora:cat:0.8>": name networks in the config, in "lora"'],
    ["a1111", "x BREAK ".repeat(40), "has 40 parts that begin chunks of their own, and 32 is the most"],
    ["a1111", "(".repeat(65), "has brackets in brackets, more than 64 deep"],
    ["comfyui", "a (cat:nan)", 'has the weight "nan", which is no number'],
    ["comfyui", "a (cat:1e9)", "has the weight 1000000000, and weights are from"],
    ["comfyui", `${"(".repeat(66)}a${")".repeat(66)}`, "has brackets in brackets, more than 64 deep"],
    ["compel", "(cat)9999999", "has the weight 9999999, and weights are from"],
    ["compel", "a cat.swap(dog)", "has .swap(), which changes attention within the model, and is not done here"],
    ["compel", "a cat withLora(x, 0.5)", 'names a LoRA, which belongs into the config, in "lora"'],
    ["compel", '("a", "b").blend(1)', "has .blend() of 2 texts with 1 numbers. Give one for each"],
    ["compel", '("a", "b").blend(1, x)', 'has .blend() with "x", which is no number'],
    ["compel", '("a", "b").blend(1, -1)', "has .blend() with numbers whose sum is 0"],
    ["compel", '("a", "b").and() and more', "has text behind .and(), which must stand alone"],
    ["compel", "a ".repeat(50_001), "has 100002 characters, and 100000 is the most in which brackets are read"],
    ["compel", "(".repeat(66), "has brackets in brackets, more than 64 deep"],
    ["compel", "a- b ".repeat(65), "has 65 pieces of a weight below 1"],
  ])("by %s: %s is refused", (weighting, text, problem) => {
    expect(readPrompt(text, weighting).problem).toContain(problem);
  });

  it.each([
    "(",
    ")",
    "[",
    "]",
    "\\",
    '"',
    '\\"',
    "((a)",
    "(a))",
    "(a:",
    ":1",
    ":1)",
    "a+",
    "a- ",
    "(a)1.",
    '"a" ',
    '("a",',
    "BREAK ",
    " ",
    ",",
    "(a b (",
    "<lora:",
  ])("a text of %s alone takes no time", (piece) => {
    const text = piece.repeat(100_000 / piece.length);
    const seconds = processorTime(() => {
      for (const weighting of rules) readPrompt(text, weighting);
    });
    expect(seconds).toBeLessThan(5); // 0.1 on an idle core; minutes where it grows with the square
  });
});

describe("chunks", () => {
  /** `a cat/ ,` of which `/` binds a token to the one before. */
  const tokens = (text: string): PromptToken[] =>
    text.split(" ").map((word, id) => {
      const token = `${word.replace("/", "")}</w>`;
      return { id, token, weight: 1, fragment: 0, isBound: word.startsWith("/") };
    });
  const chunked = (weighting: PromptWeighting, text: string, room: number): string[] =>
    chunkers[weighting](tokens(text), room).map((chunk) =>
      chunk.map(({ token }) => token.replace("</w>", "")).join(" "),
    );

  it("end where the rules end them", () => {
    expect(chunked("none", "a b , c d e", 4)).toEqual(["a b , c", "d e"]);
    expect(chunked("a1111", "a b , c d e", 4)).toEqual(["a b ,", "c d e"]);
    expect(chunked("a1111", "a b c d , e", 4)).toEqual(["a b c d", ", e"]);
    expect(chunked("comfyui", "a b c d /e f", 4)).toEqual(["a b c", "d e f"]);
    expect(chunked("compel", "a . b , c d", 4)).toEqual(["a .", "b , c d"]);
    expect(chunked("compel", "a b , c d", 4)).toEqual(["a b ,", "c d"]);
    for (const weighting of promptWeightings) expect(chunkers[weighting]([], 4)).toEqual([[]]);
  });

  it("keep the vectors of a word together by A1111's rules, and part what no chunk has room for", () => {
    expect(chunked("a1111", "a b x /y /z c", 4)).toEqual(["a b", "x y z c"]);
    expect(chunked("a1111", "a x /y /z /u /v", 4)).toEqual(["a", "x y z u", "v"]);
    expect(chunked("comfyui", "a b c /d /e /f /g /h /i /j", 4)).toEqual(["a b c d", "e f g h", "i j"]);
  });
});

const size = { height: 32, width: 32, num_inference_steps: 2, seed: 3 };

/** Several generations of one pipeline. */
async function generate(config: ConfigInput, requests: readonly GenerateRequest[]): Promise<GenerateResult[]> {
  const pipeline = await createPipeline({ ...config, generate: { ...size, ...config.generate } }, { cacheDir: folder });
  try {
    const results: GenerateResult[] = [];
    for (const request of requests) results.push(await pipeline.generate(request));
    return results;
  } finally {
    await pipeline.close();
  }
}

const folder = temporaryFolder();
const long = "red heart, white house, smiling cat face, Japanese arrow, white building of pine, red ship and a heart";

describe("prompts of Stable Diffusion", () => {
  it("whose weights are 1 draw the plain image; the report says what was read", async () => {
    const plain = { prompt: "a red heart", negative_prompt: "white house" };
    const [first, a1111, comfyui, compel, weighted, unread] = await generate({ model: sd15 }, [
      plain,
      { prompt: "a (red:1.0) heart", negative_prompt: "(white house:1)", prompt_weighting: "a1111" },
      { prompt: "(a (red:1) heart:1)", negative_prompt: "(white house:1)", prompt_weighting: "comfyui" },
      { prompt: "a (red)1.0 heart", negative_prompt: "(white house)1", prompt_weighting: "compel" },
      { ...plain, prompt: "a (red:1.5) heart", prompt_weighting: "a1111", long_prompts: "chunks" },
      { ...plain, prompt: "a (red:1.5) heart" },
    ]);
    for (const same of [a1111, comfyui, compel]) expect(same!.latents).toEqual(first!.latents);
    expect(weighted!.latents).not.toEqual(first!.latents);
    expect(unread!.latents).not.toEqual(weighted!.latents);
    expect(first!.report.notes).toEqual([]);
    expect(weighted!.report.notes).toEqual(['The prompt "a (red:1.5) heart" by a1111\'s rules: "red" 1.5.']);
    expect(unread!.report.notes).toEqual([
      'The prompt "a (red:1.5) heart" has brackets that look like weights, and they are read as text: "prompt_weighting" says whose rules they follow (a1111, comfyui, compel).',
    ]);
    expect([...weighted!.report.warnings, ...unread!.report.warnings]).toEqual([]);
    expect(weighted!.recipe.config.generate).toMatchObject({ prompt_weighting: "a1111", long_prompts: "chunks" });
  });

  it("are read in chunks, the negative prompt and the others of a batch with as many", async () => {
    const [cut, chunked, batch] = await generate({ model: sd15, generate: { negative_prompt: "white" } }, [
      { prompt: long },
      { prompt: long, long_prompts: "chunks" },
      { prompt: ["a red heart", long], long_prompts: "chunks", negative_prompt: long },
    ]);
    expect(cut!.report.warnings).toEqual([expect.stringContaining("there is room for 16. The rest was cut.")]);
    expect(chunked!.report.warnings).toEqual([]);
    expect(chunked!.report.notes).toEqual([
      expect.stringMatching(/^The prompt "red heart, .*…" has 29 tokens, in 3 chunks of up to 14\.$/),
    ]);
    expect(chunked!.latents).not.toEqual(cut!.latents);
    expect(batch!.images).toHaveLength(2);
  });

  it("are refused with all that is wrong, before anything is opened", async () => {
    const wrong = { prompt: "a (cat:1.2.3)", negative_prompt: "a (dog:99999)", prompt_weighting: "a1111" };
    await expect(validateConfig({ model: sd15, generate: wrong })).rejects.toThrow(
      /\/generate\/prompt has the weight "1\.2\.3", which is no number\..*\s.*\/generate\/negative_prompt has the weight 99999/,
    );
    const endless = { prompt: "word ".repeat(10_000), long_prompts: "chunks" };
    await expect(validateConfig({ model: sd15, generate: endless })).rejects.toThrow(
      "/generate/prompt has 10000 tokens or more, and 32 chunks hold 448. Shorten it.",
    );
    await expect(
      validateConfig({ model: join(golden, "pipelines/flux"), generate: { prompt_weighting: "a1111" } }),
    ).rejects.toThrow("/generate/prompt_weighting is not for FluxPipeline, which takes: ");
    await expect(validateConfig({ model: sd15, generate: { prompt_weighting: "A1111" } })).rejects.toThrow(
      /prompt_weighting must be one of .*none.*a1111/,
    );
  });

  it("of more chunks than there may be are told where only their tokens tell", async () => {
    const request = { prompt: `${"ufo".repeat(2000)}`, long_prompts: "chunks" };
    await expect(generate({ model: sd15 }, [request])).rejects.toMatchObject({
      code: "SKIPSTEP_REQUEST_INVALID",
      message: expect.stringMatching(
        /^generate: the prompt "ufo.{37}" has \d+ tokens or more, and 32 chunks hold 448\. Shorten it\.$/,
      ),
    });
  });

  it("take more memory in chunks, by estimate, and inspect says what was read", async () => {
    const checked = await validateConfig({
      model: sdxl,
      generate: { prompt: "a (cat:1.3)", prompt_weighting: "a1111" },
    });
    const { family, configs } = checked.model;
    const sizes = (generate: GenerateRequest) => family.sizes(configs, fillSettings(checked.model, generate));
    expect(sizes({ prompt: long })).toMatchObject({ text_encoder_2: { B: 1, T: 16 }, unet: { S: 16 } });
    expect(sizes({ prompt: long, long_prompts: "chunks" })).toMatchObject({
      text_encoder_2: { B: 2, T: 16 },
      unet: { S: 32 },
    });
    const parted = { prompt: "a BREAK b BREAK c", prompt_weighting: "a1111" };
    expect(sizes(parted)).toMatchObject({ text_encoder: { B: 3, T: 16 }, unet: { S: 48 } });
    expect(inspectConfig(checked).notes).toContainEqual({
      kind: "conclusion",
      text: 'The prompt "a (cat:1.3)" by a1111\'s rules: "cat" 1.3.',
    });
  });

  it("of Stable Diffusion 3 lose their brackets for T5", async () => {
    const model = join(golden, "pipelines/sd3");
    const text = { prompt_3: "a red heart", negative_prompt: "" };
    const [marked, bare, plain] = await generate({ model, generate: { prompt_weighting: "a1111" } }, [
      { prompt: "a (red:1.5) heart", prompt_3: "a (red:1.5) heart", negative_prompt: "" },
      { prompt: "a (red:1.5) heart", ...text },
      { prompt: "a red heart", ...text },
    ]);
    expect(marked!.latents).toEqual(bare!.latents);
    expect(marked!.latents).not.toEqual(plain!.latents);
  });
});

describe("textual inversions", () => {
  const words = [{ path: join(data, "many.safetensors"), token: "<style>" }];

  it("are words of prompts and negative prompts, and stand in the recipe", async () => {
    const uses = [...words, join(data, "learned_embeds.safetensors")];
    const [first, second, negative, taken] = await generate({ model: sd15, textual_inversions: uses }, [
      { prompt: "a <style>", negative_prompt: "" },
      { prompt: "a style", negative_prompt: "" },
      { prompt: "a", negative_prompt: "<cat-toy>" },
      { prompt: "a embedding:<style>, embedding:nobody", prompt_weighting: "comfyui", negative_prompt: "" },
    ]);
    const differing = new Set([first, second, negative, taken].map(({ latents } = first!) => latents.data.join()));
    expect(differing.size).toBe(4);
    expect(first!.report.warnings).toEqual([]);
    const { textual_inversions } = first!.recipe.config;
    expect(textual_inversions).toEqual([
      { path: { name: "many.safetensors", sha256: expect.any(String) }, token: "<style>" },
      { path: { name: "learned_embeds.safetensors", sha256: expect.any(String) }, token: "<cat-toy>" },
    ]);
    const opened = await openRecipe(first!.recipe, { allow: true, cacheDir: folder });
    const again = await createPipeline(opened, { cacheDir: folder });
    try {
      expect((await again.generate()).latents).toEqual(first!.latents);
    } finally {
      await again.close();
    }
  });

  it("are told by inspect", async () => {
    const checked = await validateConfig({ model: sdxl, textual_inversions: [join(data, "pair.safetensors")] });
    const notes = inspectConfig(checked).notes.map(({ text }) => text);
    expect(notes).toContain(`${join(data, "pair.safetensors")}: 2 vectors of text_encoder for "pair".`);
    expect(notes).toContain(`${join(data, "pair.safetensors")}: 2 vectors of text_encoder_2 for "pair".`);
  });

  const pickle = write(join(folder, "style.pt"), "");
  const empty = write(join(folder, "none/readme.txt"), "");
  const row = { dtype: "float32", shape: [1, 32], bytes: new Float32Array(32) } as const;
  const several = write(join(folder, "several.safetensors"), safetensors({ a: row, b: row }));
  const cube = write(join(folder, "cube.safetensors"), safetensors({ a: { ...row, shape: [2, 4, 4] } }));

  it.each<[string, string, ConfigInput["textual_inversions"], string, RegExp]>([
    ["a pickle", sd15, [pickle], "SKIPSTEP_TEXTUAL_INVERSION_INVALID", /style\.pt is a pickle, which can run any code/],
    [
      "nothing",
      sd15,
      [join(folder, "no.safetensors")],
      "SKIPSTEP_TEXTUAL_INVERSION_MISSING",
      /no\.safetensors is no textual inversion: there is no such file/,
    ],
    [
      "an empty folder",
      sd15,
      [join(empty, "..")],
      "SKIPSTEP_TEXTUAL_INVERSION_MISSING",
      /the folder has no safetensors file; it has: readme\.txt/,
    ],
    ["several tensors", sd15, [several], "SKIPSTEP_TEXTUAL_INVERSION_INVALID", /has 2 tensors, among them "a"/],
    ["three axes", sd15, [cube], "SKIPSTEP_TEXTUAL_INVERSION_INVALID", /has "a" of shape \[2, 4, 4\], and vectors are/],
    [
      "another width",
      sd15,
      [join(data, "wide.safetensors")],
      "SKIPSTEP_TEXTUAL_INVERSION_UNFIT",
      /vectors of 40 numbers, and embeddings of this model have: text_encoder 32\./,
    ],
    [
      "another's pair",
      sd15,
      [join(data, "pair.safetensors")],
      "SKIPSTEP_TEXTUAL_INVERSION_UNFIT",
      /"clip_[lg]" in .*pair\.safetensors has vectors of/,
    ],
    [
      "a model without CLIP",
      join(golden, "pipelines/pixart"),
      words,
      "SKIPSTEP_TEXTUAL_INVERSION_UNFIT",
      /no text encoder of PixArtSigmaPipeline takes one/,
    ],
    [
      "one word twice",
      sd15,
      [...words, ...words],
      "SKIPSTEP_TEXTUAL_INVERSION_TOKEN",
      /"<style>" of a textual inversion is another's as well/,
    ],
    [
      "one word in another case",
      sd15,
      [...words, { path: words[0]!.path, token: "<STYLE>" }],
      "SKIPSTEP_TEXTUAL_INVERSION_TOKEN",
      /"<STYLE>" of a textual inversion is another's as well/,
    ],
    [
      "blanks",
      sd15,
      [{ ...words[0]!, token: " " }],
      "SKIPSTEP_TEXTUAL_INVERSION_TOKEN",
      /" " of a textual inversion is no word/,
    ],
    [
      "a list of other length",
      sd15,
      [{ ...words[0]!, token: ["a1", "a2"] }],
      "SKIPSTEP_TEXTUAL_INVERSION_INVALID",
      /has 3 vectors, and "token" lists 2 words/,
    ],
    [
      "a word of the vocabulary",
      sd15,
      [{ ...words[0]!, token: "heart</w>" }],
      "SKIPSTEP_TEXTUAL_INVERSION_TOKEN",
      /"heart<\/w>" of a textual inversion is in the vocabulary of .*tokenizer already/,
    ],
  ])("refuse %s", async (_, model, uses, code, message) => {
    const opening = createPipeline({ model, textual_inversions: uses! }, { cacheDir: folder });
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
