/** One part of `bench/device.ts`, in a process of its own so that it can be cut: `part.ts <part> <provider> [small]`. */
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { shortText, tell } from "./finding";
import { measureModel } from "./measure-model";
import { measuredModels } from "./models";

const root = join(import.meta.dirname, "../..");
const [part = "", provider = "webgpu", size] = process.argv.slice(2);
const isSmall = size === "small";

const parts: Readonly<Record<string, () => Promise<void>>> = {
  probe,
  golden,
  torch,
  ...Object.fromEntries(Object.keys(measuredModels).map((name) => [name, () => measureModel(name, provider, isSmall)])),
};

await parts[part]!().catch((error) => tell({ part, what: part, said: shortText(error) }));

/** How operators of the shipped model are emitted: the first of their forms that gives what the CPU's gives. */
async function probe(): Promise<void> {
  const script = join(root, "packages/core/test/print-kernel-facts.ts");
  const model = join(root, "models/emoji");
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, script, provider, model]);
  for (const said of stdout.trim().split("\n")) tell({ part, what: "forms", said });
}

/** Every golden case, as far as the time goes; each that fails by its name. */
async function golden(): Promise<void> {
  if (!existsSync(join(root, "scripts/test-webgpu.mjs"))) throw new Error("there is no pnpm test:webgpu");
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--project=golden", "--reporter=verbose"];
  const tests = spawn(process.execPath, vitest, {
    cwd: root,
    env: { ...process.env, SKIPSTEP_TEST_DEVICE: provider, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const result = () => ({
    part,
    what: "golden cases",
    value: counts.passed,
    unit: "pass",
    said: `${counts.failed} fail, ${counts.skipped} not run`,
  });
  const counting = setInterval(() => tell(result()), 2000);
  for await (const line of createInterface({ input: tests.stdout })) {
    const [, mark, name] = /^\s*([✓×↓])\s+(?:\|golden\|\s+)?(.+)$/.exec(line) ?? [];
    if (mark === "✓") counts.passed++;
    if (mark === "↓") counts.skipped++;
    if (mark !== "×") continue;
    counts.failed++;
    tell({ part, what: "golden case", how: name!.slice(0, 100), said: "fails" });
  }
  clearInterval(counting);
  tell(result());
}

/** The same models with PyTorch on this machine's card, where it is installed. */
async function torch(): Promise<void> {
  const python = process.env.SKIPSTEP_PYTHON ?? "python3";
  const script = join(import.meta.dirname, "torch-passes.py");
  const child = spawn(python, [script, isSmall ? "small" : "full"], { stdio: ["ignore", "pipe", "inherit"] });
  child.on("error", () => tell({ part, what: "PyTorch", said: `there is no ${python}` }));
  for await (const line of createInterface({ input: child.stdout })) console.log(line);
}
