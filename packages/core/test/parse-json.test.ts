import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../src/config/load";
import { excessIn, JsonError, parseJson } from "../src/schema/parse-json";
import { ownCatalogue } from "../src/start/catalogue";
import { readTokenizerFolder } from "../src/text/tokenizer-folder";
import { readObject } from "../src/weights/checkpoint/read-object";
import { SafetensorsFile } from "../src/weights/checkpoint/safetensors";
import { findWeightFiles } from "../src/weights/checkpoint/weight-files";
import { safetensors, temporaryFolder, thrown, vector, withHeader, write } from "./checkpoint-files";

const { settingsSchema } = ownCatalogue;

const folder = temporaryFolder();
const lists = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

describe("parseJson", () => {
  it("parses what JSON.parse does, from text and from bytes", () => {
    const text = '{"a": ["[[{,,", "\\"]\\\\", {"b": -1.5e3, "é": null}], "__proto__": true}';
    expect(parseJson(text, { depth: 3 })).toEqual(JSON.parse(text));
    expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text));
  });

  it("refuses a depth and a number of values above its limits, and takes those at them", () => {
    expect(parseJson(lists(100))).toEqual(JSON.parse(lists(100)));
    expect(() => parseJson(lists(101))).toThrow(new JsonError("is nested more than 100 deep"));
    expect(() => parseJson(objects(1_000_000))).toThrow(new JsonError("is nested more than 100 deep"));
    expect(parseJson("[1,2,3]", { values: 3 })).toEqual([1, 2, 3]);
    expect(() => parseJson("[1,2,3,4]", { values: 3 })).toThrow(new JsonError("holds more than 3 values"));
  });

  it("counts neither comments nor strings, and lets no wrong bracket close another", () => {
    expect(excessIn('{ // [[[[\n "a": /* {{{{ */ "[[[\\"[" }', { depth: 1 })).toBeUndefined();
    expect(excessIn(`${"[}".repeat(5)}`, { depth: 4 })).toBeInstanceOf(JsonError);
    expect(() => parseJson("[1,")).toThrow(/^is not JSON \(/);
  });
});

describe("files of JSON", () => {
  const deep = write(join(folder, "deep/config.json"), `{"a":${lists(3000)}}`);

  it("are refused when they are nested deeply, by every reader", async () => {
    expect(thrown(() => readObject(deep))).toBe(
      `SKIPSTEP_CHECKPOINT_INVALID: ${deep} is nested more than 100 deep. Download the file again.`,
    );
    write(join(folder, "deep/tokenizer.json"), objects(3000));
    expect(thrown(() => readTokenizerFolder(join(folder, "deep")))).toMatch(
      /^SKIPSTEP_TOKENIZER_INVALID: .*tokenizer.json: it is nested more than 100 deep/,
    );
    write(join(folder, "deep/model.safetensors.index.json"), objects(3000));
    expect(thrown(() => findWeightFiles(join(folder, "deep")))).toContain("is nested more than 100 deep");
    const weights = write(join(folder, "w.safetensors"), withHeader(objects(1_000_000), Buffer.alloc(8)));
    expect(thrown(() => SafetensorsFile.open(weights))).toBe(
      `SKIPSTEP_WEIGHTS_INVALID: ${weights}: its header is nested more than 8 deep. Download it again as safetensors.`,
    );
    await expect(
      loadConfig(deep, { catalogueOf: () => ({ schedulerSchemas: {}, settingsSchema, familiesWith: () => [] }) }),
    ).rejects.toMatchObject({
      code: "SKIPSTEP_CONFIG_INVALID",
      message: expect.stringMatching(/deep\/config.json is nested more than 100 deep\.$/),
    });
  });

  it("may hold strings of any length, and infinity as Python writes it", () => {
    const text = "\\n[".repeat(5_000_000);
    const file = write(join(folder, "long.json"), `{"a": "${text}", "b": [-Infinity, "Infinity \\" Infinity"]}`);
    const { a, b } = readObject(file);
    expect((a as string).length).toBe(10_000_000);
    expect(b).toEqual([-Infinity, 'Infinity " Infinity']);
  });

  it("may be large where a header has many tensors", () => {
    const tensors = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`t${i}`, vector(i)]));
    const file = SafetensorsFile.open(write(join(folder, "many.safetensors"), safetensors(tensors)));
    expect(file.entries).toHaveLength(20_000);
    file.close();
  });
});

describe("configs in code", () => {
  it("are refused when they are nested deeply, or hold themselves", async () => {
    const circle: Record<string, unknown> = { model: "m" };
    circle.scheduler = circle;
    for (const config of [circle, { model: "m", generate: JSON.parse(objects(5000)) }])
      await expect(
        loadConfig(config, { catalogueOf: () => ({ schedulerSchemas: {}, settingsSchema, familiesWith: () => [] }) }),
      ).rejects.toMatchObject({
        code: "SKIPSTEP_CONFIG_INVALID",
        message: "config is nested more than 100 deep.",
      });
    const path = Array.from({ length: 20_000 }, () => "a");
    await expect(
      loadConfig(
        { model: "m" },
        {
          catalogueOf: () => ({ schedulerSchemas: {}, settingsSchema, familiesWith: () => [] }),
          overrides: [{ path, value: 1 }],
        },
      ),
    ).rejects.toMatchObject({ message: "--set is nested more than 100 deep." });
  });
});
