import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { precompiledCharsmap } from "../src/text/precompiled-charsmap";
import { fromSentencePiece } from "../src/text/sentencepiece-model";
import { loadTokenizer } from "../src/text/tokenizer";

interface Expected {
  readonly padId: number;
  readonly ids: number[][];
  readonly bare: number[][];
  readonly cut: number[][];
  readonly mask: number[];
  readonly left: number[][];
}
interface Chat {
  readonly template: string;
  readonly source: string | null;
  readonly messages: { role: string; content: string }[];
  readonly addGenerationPrompt: boolean;
  readonly enableThinking?: boolean;
  readonly text: string;
}

const root = resolve(import.meta.dirname, "../../..");
const golden = join(root, "test/golden/tokenizers");
const emoji = join(root, "models/emoji/tokenizer");
const folderOf = (name: string) => (name === "emoji" ? emoji : join(golden, name));
/** Made by transformers, see make.py beside it. */
const expected = JSON.parse(readFileSync(join(golden, "expected.json"), "utf8")) as {
  prompts: string[];
  tokenizers: Record<string, Expected>;
  chats: Chat[];
};

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "skipstep-tokenizer-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** A copy of a tokenizer folder with other files, as text or as JSON; `null` leaves a file out. */
function folderWith(name: string, from: string, files: Record<string, unknown>): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  for (const file of ["tokenizer.json", "tokenizer_config.json"]) {
    if (!(file in files)) writeFileSync(join(folder, file), readFileSync(join(folderOf(from), file)));
  }
  for (const [file, content] of Object.entries(files)) {
    if (content !== null)
      writeFileSync(join(folder, file), typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

describe.each(Object.entries(expected.tokenizers))("%s tokenizer", (name, reference) => {
  const tokenizer =
    name === "t5-class" ? loadTokenizer(folderOf("t5"), "T5TokenizerFast") : loadTokenizer(folderOf(name));

  it.each(expected.prompts.map((prompt, i) => [JSON.stringify(prompt), prompt, i] as const))("%s", (_, prompt, i) => {
    expect(tokenizer.encode([prompt]).inputIds).toEqual([reference.ids[i]]);
    expect(tokenizer.encode([prompt], { addSpecialTokens: false }).inputIds).toEqual([reference.bare[i]]);
    const cut = tokenizer.encode([prompt], { maxLength: 16, padding: "max_length", truncation: true });
    expect(cut).toEqual({
      inputIds: [reference.cut[i]],
      attentionMask: [Array.from({ length: 16 }, (_, at) => (at < reference.mask[i]! ? 1 : 0))],
      lengths: [reference.ids[i]!.length],
      counted: [true],
      truncated: [reference.ids[i]!.length > 16],
    });
  });

  it("pads with the reference's token", () => {
    expect(tokenizer.padId).toBe(reference.padId);
  });
});

describe("the tokenizer's class", () => {
  const idsOf = (name: string, className?: string) =>
    loadTokenizer(folderOf(name), className).encode([" a  b"]).inputIds;

  it("is tokenizer_config.json's where model_index.json leaves it open", () => {
    expect(idsOf("t5", "AutoTokenizer")).toEqual(idsOf("t5"));
    expect(idsOf("t5", "T5Tokenizer")).not.toEqual(idsOf("t5"));
  });

  it("brings special tokens that the folder does not name", () => {
    const folder = folderWith("t5-bare", "t5", { "tokenizer_config.json": { tokenizer_class: "T5Tokenizer" } });
    const tokenizer = loadTokenizer(folder);
    expect(tokenizer.padId).toBe(0);
    expect(tokenizer.encode(["<extra_id_7>"]).inputIds).toEqual([[507, 1]]); // behind the 500 of the vocabulary
  });
});

describe("spiece.model", () => {
  it("is refused when it is something else", () => {
    const folder = join(scratch, "spiece");
    mkdirSync(folder);
    writeFileSync(join(folder, "spiece.model"), "<!DOCTYPE html>");
    expect(() => loadTokenizer(folder)).toThrow(
      expect.objectContaining({
        code: "SKIPSTEP_TOKENIZER_INVALID",
        message: expect.stringContaining("spiece.model: it is no sentencepiece model"),
      }),
    );
  });
});

describe("numbers that no tokenizer has", () => {
  const changed = (from: string, file: string, change: (json: Record<string, never>) => unknown): string => {
    const folder = mkdtempSync(join(scratch, "numbers-"));
    cpSync(from, folder, { recursive: true });
    const path = join(folder, file);
    const json = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
    change(json);
    writeFileSync(path, JSON.stringify(json));
    return folder;
  };
  interface Vocabulary {
    model: { vocab: Record<string, number> };
    added_tokens: { id: number }[];
  }
  it.each([
    [
      "an added token",
      "tokenizer.json",
      (json: Vocabulary) => (json.added_tokens[0]!.id = 4e9),
      /must be an integer from 0 to 4194303, found 4000000000/,
    ],
    [
      "a token",
      "tokenizer.json",
      (json: Vocabulary) => (json.model.vocab.a = 4294967290),
      /the id of token "a" must be .* found 4294967290/,
    ],
    [
      "a token of the config",
      "tokenizer_config.json",
      (json: object) => Object.assign(json, { added_tokens_decoder: { 4e9: { content: "x" } } }),
      /"added_tokens_decoder\/4000000000" must be/,
    ],
    ["a fraction", "tokenizer.json", (json: Vocabulary) => (json.model.vocab.a = 0.5), /found 0.5/],
  ])("ids: %s", (_, file, change, message) => {
    const folder = changed(emoji, file, change as never);
    expect(() => loadTokenizer(folder)).toThrow(
      expect.objectContaining({ code: "SKIPSTEP_TOKENIZER_INVALID", message: expect.stringMatching(message) }),
    );
  });

  it("sentinels of T5, and a character map that claims more than there is", () => {
    const t5 = folderOf("t5");
    const folder = changed(t5, "tokenizer_config.json", (json) => Object.assign(json, { extra_ids: 1e9 }));
    expect(() => loadTokenizer(folder, "T5Tokenizer")).toThrow(
      /"extra_ids" must be an integer from 0 to 10000, found 1000000000/,
    );
    expect(() => precompiledCharsmap(Buffer.from([255, 255, 255, 127, 0]).toString("base64"))).toThrow(/is cut off/);
    const pieces = Buffer.concat(Array<Buffer>(1_000_001).fill(Buffer.from([0x0a, 0x00])));
    expect(() => fromSentencePiece(pieces, 0)).toThrow("it has more than 1000000 pieces");
  });
});
