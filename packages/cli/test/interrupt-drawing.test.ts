import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { outcomeOf, startSkipstep } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

const folder = temporaryFolder();

describe("Ctrl-C", () => {
  it.each([
    ["compare", ["configs/emoji.json", "configs/emoji-fast.json"], "page.html"],
    ["tune", ["configs/emoji-fast.json", "--psnr", "30"], "tuned.json"],
  ])("stops %s between two segments, with nothing written", async (command, args, file) => {
    const out = path.join(folder.path, command, file);
    const cache = path.join(folder.path, `${command}-cache`); // new, to see when the model is open
    const child = startSkipstep([
      ...[
        command,
        ...args,
        "--prompt",
        "red heart",
        "--out",
        out,
        "--cache",
        cache,
        ...["--set", "generate.num_inference_steps=5000", "--set", "limits.num_inference_steps=5000"],
      ],
    ]);
    const outcome = outcomeOf(child);
    while (enginesIn(path.join(cache, "engines")) < 3) {
      if (child.exitCode !== null) throw new Error((await outcome).stderr);
      await setTimeout(20);
    }
    await setTimeout(500);
    child.kill("SIGINT");
    expect(await outcome).toEqual({
      exitCode: 130,
      stdout: "",
      stderr: "SKIPSTEP_CANCELLED Cancelled: stopped by Ctrl-C\n",
    });
    expect(existsSync(path.dirname(out))).toBe(false);
  });
});

/** Engines that are whole. */
function enginesIn(cache: string): number {
  return existsSync(cache) ? readdirSync(cache).filter((name) => !name.endsWith(".tmp")).length : 0;
}
