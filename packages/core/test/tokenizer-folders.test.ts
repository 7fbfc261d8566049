import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadTokenizer } from "../src/text/tokenizer";
import { strangeKeys } from "../src/text/tokenizer-keys";

type Files = Readonly<Record<string, unknown>>;

/** A folder as a version of transformers wrote it: files of others and of its own, and what the reference makes of it. */
interface Made {
  readonly class: string;
  readonly from: Readonly<Record<string, string>>;
  readonly files: Files;
  readonly changes?: Readonly<Record<string, readonly [source: string, change: Files]>>;
  /** The folders whose tokenizer.json has the vocabulary and the merges. */
  readonly vocab?: string;
  readonly merges?: string;
  readonly expected: {
    readonly ids: number[][];
    readonly cut?: number[][];
    readonly padId: number | null;
    readonly limit: number | null;
    readonly size: number;
  };
}

const root = resolve(import.meta.dirname, "../../..");
const sourceOf = (name: string): string =>
  name === "emoji" ? join(root, "models/emoji/tokenizer") : join(root, "test/golden/tokenizers", name);
const readJson = (...path: string[]) => JSON.parse(readFileSync(join(...path), "utf8"));
/** Made by transformers, see make.py beside it. */
const { prompts, folders } = readJson(root, "test/golden/tokenizer-folders/expected.json") as {
  prompts: string[];
  folders: Record<string, Made>;
};

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "skipstep-tokenizer-folders-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

function write(name: string, { from, files, changes = {}, vocab, merges }: Omit<Made, "class" | "expected">): string {
  const folder = join(scratch, name.replaceAll(/\W+/g, "-"));
  mkdirSync(folder, { recursive: true });
  const put = (file: string, content: unknown) =>
    writeFileSync(join(folder, file), typeof content === "string" ? content : JSON.stringify(content));
  for (const [file, source] of Object.entries(from)) copyFileSync(join(sourceOf(source), file), join(folder, file));
  for (const [file, content] of Object.entries(files)) put(file, content);
  for (const [file, [source, change]] of Object.entries(changes))
    put(file, { ...readJson(sourceOf(source), file), ...change });
  const model = (source: string) => readJson(sourceOf(source), "tokenizer.json").model;
  if (vocab) put("vocab.json", model(vocab).vocab);
  if (merges)
    put(
      "merges.txt",
      model(merges)
        .merges.map((pair: string[]) => pair.join(" "))
        .join("\n"),
    );
  return folder;
}

describe("a tokenizer folder gives the reference's ids", () => {
  it.each(Object.entries(folders))("%s", (name, made) => {
    const { ids, cut, padId, limit, size } = made.expected;
    const tokenizer = loadTokenizer(write(name, made), made.class);
    expect(prompts.map((prompt) => tokenizer.encode([prompt]).inputIds[0])).toEqual(ids);
    if (cut)
      expect(tokenizer.encode(prompts, { maxLength: 8, padding: "max_length", truncation: true }).inputIds).toEqual(
        cut,
      );
    expect(tokenizer.padId ?? null).toBe(padId);
    expect(tokenizer.modelMaxLength).toBe(limit ?? Number.POSITIVE_INFINITY);
    expect(tokenizer.size).toBe(size);
  });
});

describe("a chat template", () => {
  const said = (files: Files): string => {
    const { "tokenizer_config.json": config, ...others } = files;
    const folder = join(scratch, `chat-${Math.random()}`);
    mkdirSync(join(folder, "additional_chat_templates"), { recursive: true });
    copyFileSync(join(sourceOf("emoji"), "tokenizer.json"), join(folder, "tokenizer.json"));
    writeFileSync(
      join(folder, "tokenizer_config.json"),
      JSON.stringify({ eos_token: "<|im_end|>", ...(config as object) }),
    );
    for (const [file, content] of Object.entries(others))
      writeFileSync(join(folder, file), typeof content === "string" ? content : JSON.stringify(content));
    return loadTokenizer(folder).applyChatTemplate([{ role: "user", content: "hi" }]);
  };
  const own = { chat_template: "config" };
  const named = (name: string) => ({ chat_template: [{ name, template: "{{ eos_token }}{{ image_token }}" }] });

  it.each<[string, Files, string]>([
    [
      "of chat_template.jinja before the config's",
      { "tokenizer_config.json": own, "chat_template.jinja": "file" },
      "file",
    ],
    ["of the config beside a processor's", { "tokenizer_config.json": own, "chat_template.json": own }, "config"],
    ["of a list", { "tokenizer_config.json": { ...named("default"), image_token: "<i>" } }, "<|im_end|><i>"],
    [
      "of a folder of them before the config's",
      { "tokenizer_config.json": own, "additional_chat_templates/default.jinja": "folder" },
      "folder",
    ],
    [
      "of chat_template.jinja beside others",
      { "additional_chat_templates/rag.jinja": "other", "chat_template.jinja": "file" },
      "file",
    ],
  ])("%s", (_, files, text) => expect(said(files)).toBe(text));

  it.each<[string, Files]>([
    ["a processor's alone", { "chat_template.json": own }],
    ["others alone", { "tokenizer_config.json": own, "additional_chat_templates/rag.jinja": "other" }],
    ["a list without a default", { "tokenizer_config.json": named("rag") }],
  ])("is missing where there is %s, as in transformers", (_, files) => {
    expect(() => said(files)).toThrow(expect.objectContaining({ code: "SKIPSTEP_CHAT_TEMPLATE_MISSING" }));
  });
});

describe("a tokenizer folder warns", () => {
  const warningsOf = (name: string): readonly string[] => {
    const made = folders[name]!;
    const folder = write(`warns-${name}`, made);
    return loadTokenizer(folder, made.class).warnings.map((warning) => warning.replace(`${folder}/`, ""));
  };

  it.each([
    "clip",
    "clip added",
    "clip settings without effect",
    "clip a token of its own",
    "qwen files",
    "t5 spiece, additional",
  ])("of nothing: %s", (name) => expect(warningsOf(name)).toEqual([]));

  it("of added tokens that another file decides about", () => {
    expect(warningsOf("clip added beside a decoder")).toEqual([
      'added_tokens.json adds "<cat-toy>", and transformers does not: another file decides. In a prompt it is taken apart.',
    ]);
    expect(warningsOf("clip tokenizer.json with a token that no decoder has")).toEqual([
      expect.stringContaining('tokenizer.json adds "<cat-toy>", and transformers does not'),
    ]);
    expect(warningsOf("clip map beside a decoder")).toEqual([
      expect.stringContaining('special_tokens_map.json has the pad_token "!", and tokenizer_config.json, which counts'),
    ]);
  });

  it("of ids that are others", () => {
    expect(warningsOf("clip added, ids with gaps and out of order")).toEqual([
      'added_tokens.json has "<b>", "<a>" with ids that transformers does not use: it counts on from the vocabulary, and "<b>" is 926, not 932.',
    ]);
  });
});

describe("tokenizer_config.json", () => {
  it("may have keys that nothing reads, with a warning", () => {
    expect(strangeKeys({ model_max_lenght: 8, pad_token: null, image_token: "<a>", _from: 1 })).toEqual([
      'there is no setting "model_max_lenght"; it is ignored, as transformers ignores it. Did you mean "model_max_length"?',
    ]);
    const written = Object.values(folders).flatMap(({ files }) =>
      strangeKeys((files["tokenizer_config.json"] ?? {}) as Files),
    );
    expect(written).toEqual([]);
  });
});
