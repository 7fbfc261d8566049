import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { createProgress } from "../src/progress";

async function shown(isTTY: boolean, lines?: true): Promise<string> {
  const stream = Object.assign(new PassThrough(), { isTTY });
  const progress = await createProgress(stream, lines ? { lines } : {});
  progress.show({ kind: "compile", component: "transformer", done: 5, of: 10 });
  await new Promise((resolve) => setTimeout(resolve, 200));
  progress.show({ kind: "step", step: 7, of: 20, seconds: 1, secondsLeft: 1.857 });
  await new Promise((resolve) => setTimeout(resolve, 200));
  progress.stop();
  stream.end();
  return text(stream);
}

describe("createProgress", () => {
  it("draws a bar on a terminal", async () => {
    const drawn = await shown(true);
    expect(drawn).toContain("compile transformer ");
    expect(drawn).toMatch(/step 7 of 20 +█{7}░{13} 1\.9 s left/);
  });

  it("is silent elsewhere", async () => {
    expect(await shown(false)).toBe("");
  });

  it("is a line for each tenth where that is asked for", async () => {
    expect(await shown(false, true)).toBe("compile transformer 50 %\nstep 7 of 20 35 % 1.9 s left\n");
    const stream = Object.assign(new PassThrough(), { isTTY: false });
    const progress = await createProgress(stream, { lines: true });
    for (let done = 0; done <= 200; done++) progress.show({ kind: "quantize", what: "a\nb", done, of: 200 });
    stream.end();
    const lines = (await text(stream)).trimEnd().split("\n");
    expect(lines).toHaveLength(11);
    expect(lines[3]).toMatch(/^quantize 30 % a\S+b$/);
  });
});
