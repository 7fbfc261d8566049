import { existsSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { outcomeOf, root, startSkipstep } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

const folder = temporaryFolder();
const plugin = fileURLToPath(new URL("./busy-plugin.ts", import.meta.url));

/** Seconds. 2 on an idle machine; the thread would be busy for ever. */
const bound = 30;

describe("a signal while the main thread is busy", () => {
  it.each([
    ["SIGTERM", 143, "generate", "build", "loop"],
    ["SIGINT", 130, "inspect", "build", "pattern"],
    ["SIGINT", 130, "generate", "write", "loop"],
    ["SIGTERM", 143, "generate", "step", "pattern"],
    ["SIGTERM", "SIGTERM", "generate", "write", "wait"],
  ] as const)("%s ends the command with %s: %s, %s, %s", async (signal, end, command, at, how) => {
    const name = [command, at, how].join("-");
    const [busy, out, cache] = ["busy", "out", "cache"].map((part) => path.join(folder.path, `${name}-${part}`));
    const config = path.join(folder.path, `${name}.json`);
    const plugins = [{ use: plugin, options: { at, how, file: busy } }];
    const model = path.join(root, "models/emoji");
    writeFileSync(config, JSON.stringify({ model, plugins, generate: { num_inference_steps: 2, seed: 1 } }));
    const options = command === "generate" ? ["--prompt", "heart", "--out", out!, "--cache", cache!] : [];
    const child = startSkipstep([command, config, ...options], { typescript: true });
    const outcome = outcomeOf(child);
    while (!existsSync(busy!)) {
      if (child.exitCode !== null) throw new Error((await outcome).stderr);
      await setTimeout(20);
    }
    await setTimeout(200);
    const start = performance.now();
    child.kill(signal);
    const { exitCode, stdout, stderr } = await outcome;
    expect((performance.now() - start) / 1000).toBeLessThan(bound);
    expect(exitCode ?? child.signalCode).toBe(end);
    expect(stdout).toBe("");
    expect(stderr).toBe(`SKIPSTEP_CANCELLED Cancelled: stopped by ${signal === "SIGINT" ? "Ctrl-C" : signal}\n`);
    expect(existsSync(out!)).toBe(false);
    const engines = path.join(cache!, "engines");
    expect(existsSync(engines) ? readdirSync(engines).filter((file) => file.endsWith(".tmp")) : []).toEqual([]);
  });
});
