import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { outcomeOf, startSkipstep } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

const folder = temporaryFolder();

describe("a signal", () => {
  it.each([
    ["SIGINT", 130, "Ctrl-C"],
    ["SIGTERM", 143, "SIGTERM"],
  ] as const)(
    "%s at step 7 ends the run between two segments, with nothing half written",
    async (signal, exitCode, name) => {
      const [out, previews] = [path.join(folder.path, signal), path.join(folder.path, `${signal}-previews`)];
      const child = startSkipstep([
        ...["generate", "configs/emoji.json", "--prompt", "red heart", "--out", path.join(out, "heart.png")],
        ...[
          "--previews",
          previews,
          "--set",
          "generate.num_inference_steps=5000",
          "--set",
          "limits.num_inference_steps=5000",
        ],
      ]);
      const outcome = outcomeOf(child);
      while (!existsSync(path.join(previews, "step-0007.png"))) {
        if (child.exitCode !== null) throw new Error((await outcome).stderr);
        await setTimeout(20);
      }
      child.kill(signal);
      expect(await outcome).toEqual({
        exitCode,
        stdout: "",
        stderr: `SKIPSTEP_CANCELLED Cancelled: stopped by ${name}\n`,
      });
      expect(existsSync(out)).toBe(false);
      expect(readdirSync(previews).filter((file) => !file.endsWith(".png"))).toEqual([]);
      expect(readdirSync(path.join(folder.path, "cache/engines")).filter((file) => file.endsWith(".tmp"))).toEqual([]);
    },
  );

  it("that comes a second time ends the process at once", async () => {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
    const file = fileURLToPath(new URL("./interrupt-child.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", tsx, file], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    child.kill("SIGINT");
    await once(child.stdout, "data");
    child.kill("SIGINT");
    expect(await ended).toEqual([null, "SIGINT"]); // 130 in a shell
  });

  it.each([
    ["at once", "unheeded", "idle", [130, null], ""],
    ["by what heeds it, or soon after", "heeded", "idle", [130, null], "aborted\n"],
    ["by the clock", "heeded", "busy", [130, null], "aborted\n"],
  ])(
    "that comes before its thread is up, in a busy moment, ends the process %s",
    async (_, mode, after, end, stdout) => {
      const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
      const file = fileURLToPath(new URL("./interrupt-early-child.ts", import.meta.url));
      const child = spawn(process.execPath, ["--import", tsx, file, mode, after], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      const [exit, outcome] = await Promise.all([once(child, "exit"), outcomeOf(child)]);
      expect(exit).toEqual(end);
      expect(outcome).toMatchObject({ stdout, stderr: "stopped by Ctrl-C\n" });
    },
  );
});
