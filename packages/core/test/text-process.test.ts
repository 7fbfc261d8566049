import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type OpenTokenizer, openTokenizer } from "../src/text/open-tokenizer";
import { textLimits } from "../src/text/text-process";
import { loadTokenizer } from "../src/text/tokenizer";
import { temporaryFolder } from "./checkpoint-files";
import { textProcessesOf } from "./text-processes";

const root = resolve(import.meta.dirname, "../../..");
const emoji = join(root, "models/emoji/tokenizer");
const golden = join(root, "test/golden/tokenizers");
const kinds = [
  ["Qwen's BPE", emoji],
  ["CLIP's BPE", join(golden, "clip")],
  ["T5's unigram", join(golden, "t5")],
] as const;

const usualLimits = { ...textLimits };
const open: OpenTokenizer[] = [];
afterEach(() => {
  for (const tokenizer of open.splice(0)) tokenizer.close();
  Object.assign(textLimits, usualLimits);
});

async function opened(path: string): Promise<OpenTokenizer> {
  const tokenizer = await openTokenizer({ path });
  open.push(tokenizer);
  return tokenizer;
}

/** The emoji model's tokenizer with other keys in tokenizer.json, and another template. */
function tokenizerWith(keys: object, template?: string): string {
  const folder = join(temporaryFolder(), "tokenizer");
  mkdirSync(folder);
  const json = JSON.parse(readFileSync(join(emoji, "tokenizer.json"), "utf8"));
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify({ ...json, ...keys }));
  writeFileSync(join(folder, "tokenizer_config.json"), readFileSync(join(emoji, "tokenizer_config.json")));
  writeFileSync(join(folder, "chat_template.jinja"), template ?? readFileSync(join(emoji, "chat_template.jinja")));
  return folder;
}

const endless = "{% for i in range(99999) %}{% for k in range(99999) %}{% endfor %}{% endfor %}";
const chat = [{ role: "user", content: "a red heart" }];
/** Milliseconds for what ends otherwise, on a machine that does other work. */
const patient = 60_000;

describe("the text process", () => {
  it("gives what the tokenizer gives", async () => {
    const [there, here] = [await opened(emoji), loadTokenizer(emoji)];
    const options = { maxLength: 20, padding: "longest", truncation: true } as const;
    expect(await there.encode(["a red heart", "x".repeat(99)], options)).toEqual(
      here.encode(["a red heart", "x".repeat(99)], options),
    );
    expect(await there.applyChatTemplate(chat, { addGenerationPrompt: true })).toBe(
      here.applyChatTemplate(chat, { addGenerationPrompt: true }),
    );
    expect([there.modelMaxLength, there.padId]).toEqual([here.modelMaxLength, here.padId]);
  });

  it("stops a template that never ends, and goes on with the others", async () => {
    const other = await opened(emoji);
    const slow = await opened(tokenizerWith({}, endless));
    textLimits.work = 300;
    await expect(slow.applyChatTemplate(chat)).rejects.toMatchObject({
      code: "SKIPSTEP_CHAT_TEMPLATE_LIMIT",
      message: expect.stringContaining("it takes longer than 0.3 s"),
    });
    textLimits.work = usualLimits.work;
    expect((await other.encode(["a"])).inputIds).toEqual(loadTokenizer(emoji).encode(["a"]).inputIds);
  });

  it("stops a template that takes all memory", async () => {
    // Little by little. Where one allocation alone is beyond the limit V8 ends the process: see the next test.
    const template =
      "{% set a = namespace(x=[]) %}{% for i in range(9999) %}{% set a.x = [a.x, range(1000)] %}{% endfor %}";
    Object.assign(textLimits, { memory: 64, work: patient });
    const hungry = await opened(tokenizerWith({}, template));
    await expect(hungry.applyChatTemplate(chat)).rejects.toMatchObject({
      code: "SKIPSTEP_CHAT_TEMPLATE_LIMIT",
      message: expect.stringContaining("more than 64 MiB"),
    });
  });

  it.each([
    ["SIGABRT", "SKIPSTEP_CHAT_TEMPLATE_LIMIT", "it takes more than 640 MiB of memory"], // as V8 does without memory
    ["SIGTRAP", "SKIPSTEP_CHAT_TEMPLATE_LIMIT", "it takes more than 640 MiB of memory"], // and beyond its own sizes
    ["SIGKILL", "SKIPSTEP_TEXT_PROCESS_ENDED", "ended by SIGKILL"],
  ] as const)("takes its end by %s for %s, and goes on", async (signal, code, message) => {
    const other = await opened(emoji);
    textLimits.work = patient;
    const rendering = (await opened(tokenizerWith({}, endless))).applyChatTemplate(chat);
    rendering.catch(() => undefined);
    await setTimeout(100);
    for (const pid of textProcessesOf(process.pid)) process.kill(pid, signal);
    await expect(rendering).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    expect((await other.encode(["a"])).inputIds).toEqual(loadTokenizer(emoji).encode(["a"]).inputIds);
  });

  it("leaves signals that stop programs to its program", async () => {
    const tokenizer = await opened(emoji);
    for (const pid of textProcessesOf(process.pid))
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.kill(pid, signal);
    await setTimeout(50);
    expect((await tokenizer.encode(["a"])).inputIds).toEqual(loadTokenizer(emoji).encode(["a"]).inputIds);
    expect(textProcessesOf(process.pid).length).toBe(1);
  });

  it("stops a pattern that tries every way to match", async () => {
    const pre_tokenizer = { type: "Split", pattern: { Regex: "(\\w+\\w*)+#" }, behavior: "Isolated", invert: false };
    const slow = await opened(tokenizerWith({ pre_tokenizer }));
    textLimits.work = 300;
    await expect(slow.encode(["a".repeat(200)])).rejects.toMatchObject({ code: "SKIPSTEP_TOKENIZER_LIMIT" });
  });

  it("ends with the signal", async () => {
    const slow = await opened(tokenizerWith({}, endless));
    await expect(slow.applyChatTemplate(chat, {}, AbortSignal.timeout(100))).rejects.toMatchObject({
      code: "SKIPSTEP_CANCELLED",
    });
  });

  it("has the errors of the tokenizer", async () => {
    await expect(openTokenizer({ path: "/nowhere" })).rejects.toMatchObject({ code: "SKIPSTEP_TOKENIZER_MISSING" });
    const failing = await opened(tokenizerWith({}, "{{ raise_exception('no') }}"));
    await expect(failing.applyChatTemplate(chat)).rejects.toMatchObject({ code: "SKIPSTEP_CHAT_TEMPLATE_FAILED" });
  });
});

describe("a long prompt", () => {
  const words = "a small red heart, and 27 green books; ".repeat(1500); // 58,500 characters: eight pieces

  it.each(kinds)("is the same in pieces as whole: %s", (_, path) => {
    const tokenizer = loadTokenizer(path);
    const whole = tokenizer.encode([words]).inputIds[0]!;
    const room = whole.length - 10;
    const { inputIds, truncated, counted } = tokenizer.encode([words], { maxLength: room, truncation: true });
    const bare = (ids: readonly number[]) => ids.slice(1, room - 1); // between begin and end
    expect(bare(inputIds[0]!)).toEqual(bare(whole));
    expect([truncated, counted]).toEqual([[true], [true]]);
  });

  it.each(kinds)("of a million characters and more is answered at once: %s", async (_, path) => {
    const tokenizer = await opened(path);
    const options = { maxLength: 77, truncation: true };
    const million = ["red heart ", "a", " ", "\n", "!", "心", "😀", "e\u0301", "7"].map((text) =>
      text.repeat(1_000_000 / text.length),
    );
    for (const text of [...million, "red heart ".repeat(500_000)]) {
      const { inputIds, truncated, counted } = await tokenizer.encode([text, ""], options);
      expect(inputIds[0]!.length).toBeLessThanOrEqual(77);
      expect([truncated, counted]).toEqual([
        [true, false],
        [false, true],
      ]);
    }
  });

  it("keeps its end where the tokenizer cuts the begin", () => {
    const config = JSON.parse(readFileSync(join(emoji, "tokenizer_config.json"), "utf8"));
    const folder = tokenizerWith({});
    writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ ...config, truncation_side: "left" }));
    const tokenizer = loadTokenizer(folder);
    const options = { maxLength: 8, truncation: true };
    expect(tokenizer.encode([`${"x ".repeat(200_000)} red heart`], options).inputIds).toEqual(
      tokenizer.encode([`${"x ".repeat(20)} red heart`], options).inputIds,
    );
  });
});
