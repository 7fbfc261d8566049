import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SkipstepError } from "../src/errors/error";
import { loadTokenizer } from "../src/text/tokenizer";
import { temporaryFolder } from "./checkpoint-files";

const folder = temporaryFolder();
cpSync(join(import.meta.dirname, "../../../test/golden/pipelines/sd35-no-t5/tokenizer"), folder, { recursive: true });

const setting =
  (key: string, json: string) =>
  (text: string): string =>
    JSON.stringify({ ...JSON.parse(text), [key]: "HERE" }).replace('"HERE"', () => json);
const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;

/** The error that encoding ends with, which must be one of ours, on one line. */
async function failure(): Promise<SkipstepError> {
  try {
    await loadTokenizer(folder, "CLIPTokenizer").encode(["a cat"]);
  } catch (error) {
    if (!(error instanceof SkipstepError)) throw error;
    expect(error.message).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,2100}$/u);
    return error;
  }
  throw new Error("it did not fail");
}

describe("a tokenizer", () => {
  const tokens = (value: string): ((text: string) => string) => setting("added_tokens", value);
  it.each<[string, string, (text: string) => string]>([
    [
      "a pad token of 100,000 letters",
      "tokenizer_config.json",
      setting("pad_token", JSON.stringify("x".repeat(100_000))),
    ],
    ["an added token without an id", "tokenizer.json", tokens('[{"content": "a"}]')],
    ["an added token that is null", "tokenizer.json", tokens("[null]")],
    ["a normalizer that is a number", "tokenizer.json", setting("normalizer", "3")],
    ["a model of another type", "tokenizer.json", setting("model", '{"type": "Unigram", "vocab": [null, ["a"]]}')],
    ["a decoder of tokens that is a list", "tokenizer_config.json", setting("added_tokens_decoder", "[3]")],
    ["values nested 100,000 deep", "tokenizer_config.json", setting("x", deep(100_000))],
  ])("with %s is refused", async (_, name, change) => {
    const file = join(folder, name);
    const before = readFileSync(file, "utf8");
    writeFileSync(file, change(before));
    const error = await failure().finally(() => writeFileSync(file, before));
    expect(error.code).toBe("SKIPSTEP_TOKENIZER_INVALID");
    expect(error.message).not.toMatch(/is not a function|undefined|Cannot read/);
  });
});
