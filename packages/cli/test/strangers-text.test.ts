import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { SkipstepError } from "@skipstep/core";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { failureOf, tellFailure } from "../src/failure";
import { Terminal } from "../src/terminal";
import { addText } from "./png-text";
import { skipstep, skipstepJson } from "./skipstep";

const folder = mkdtempSync(join(tmpdir(), "skipstep-text-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Colours, a title, a new line, a separator of lines, letters from right to left, and a control of 8 bits. */
const hostile = "\u001b[31mred\u001b]0;title\u0007\nSKIPSTEP_OK\u2028x\u202ex\u009b2J";

async function writePng(): Promise<string> {
  const generate = { prompt: [hostile], num_inference_steps: 1 };
  const recipe = {
    recipe: 1,
    config: { model: `/m${hostile}`, device: "cpu", generate, guidance: "batch", plugins: [], strict: false },
    image: 0,
    versions: { [hostile]: "1" },
    weights: {},
    plugins: [
      { name: "a", summary: hostile, regions: [{ name: hostile, from: "", to: "", reused: [1], numbers: {} }] },
    ],
  };
  const file = join(folder, "hostile.png");
  const image = sharp({ create: { width: 2, height: 2, channels: 3, background: "red" } });
  writeFileSync(file, addText(await image.png().toBuffer(), { skipstep: JSON.stringify(recipe) }));
  return file;
}

describe("what a stranger's file says", () => {
  it("is escaped where a terminal shows it, and comes whole in a document", async () => {
    const file = await writePng();
    const { exitCode, stdout } = await skipstep("recipe", file);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("\\u001b[31mred\\u001b]0;title\\u0007\\nSKIPSTEP_OK\\u2028x\\u202ex\\u009b2J");
    expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202e]/u);
    const json = await skipstepJson<{ config: { generate: { prompt: string[] } } }>("recipe", file);
    expect(json.stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202e]/u);
    expect(json.document.config.generate.prompt).toEqual([hostile]);
  });

  it("is escaped in the errors of a command", async () => {
    const { exitCode, stderr } = await skipstep("validate", join(folder, `${hostile.replaceAll("/", "")}.json`));
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^SKIPSTEP_CONFIG_UNREADABLE [^\p{Cc}\p{Zl}\u202e]+\n$/u);
  });
});

describe("what nobody foresaw", () => {
  it.each<[unknown]>([[new TypeError("a\nb")], [undefined], [null], ["x"], [{ code: 3 }], [Object.create(null)]])(
    "is one line that asks for a report: %s",
    async (error) => {
      const stderr = new PassThrough();
      const { code, exitCode } = tellFailure(error, new Terminal(new PassThrough(), stderr), false);
      stderr.end();
      expect({ code, exitCode }).toEqual({ code: "SKIPSTEP_UNEXPECTED", exitCode: 1 });
      expect(await text(stderr)).toMatch(
        /^SKIPSTEP_UNEXPECTED [^\n]*This is a fault of Skipstep: please report it[^\n]*\n$/,
      );
    },
  );

  it("is not an error with a code", () => {
    expect(failureOf(new SkipstepError("SKIPSTEP_CONFIG_CIRCLE", "x"))).toMatchObject({ exitCode: 3, message: "x" });
  });
});
