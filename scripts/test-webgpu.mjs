/**
 * Runs the golden cases on WebGPU, one after the other, with a line for each. A process that dies costs the case that it
 * was at: another one goes on behind it.
 *
 *   pnpm test:webgpu                    all of them
 *   pnpm test:webgpu --all              those as well that differ from another in prompt and seed alone
 *   pnpm test:webgpu --resume           without those that passed, as the file of results has it
 *   pnpm test:webgpu --shard 2/4        the second of four parts
 *   pnpm test:webgpu -t pipelines/dit   some, as vitest takes them
 *
 * `--results golden-webgpu.jsonl` is the file. `SKIPSTEP_GOLDEN` names another folder of cases.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, install, root } from "./pnpm.mjs";
import { resultsIn } from "./test-webgpu/results.mjs";

const given = process.argv.slice(2);
const isResumed = take("--resume");
const isAll = take("--all");
const shard = take("--shard", true) ?? "1/1";
const file = resolve(take("--results", true) ?? join(root, "golden-webgpu.jsonl"));
if (!/^[1-9]\d*\/[1-9]\d*$/.test(shard)) {
  console.error(`--shard must be like 2/4, found ${shard}.`);
  process.exit(2);
}

install();
build();
if (!isResumed) rmSync(file, { force: true });
const results = resultsIn(file);
for (const name of namesOf("running")) results.add({ name, state: "interrupted" });

let status = run(namesOf("passed"));
for (let died = namesOf("running"); status !== 0 && died.length > 0; died = namesOf("running")) {
  for (const name of died) {
    results.add({ name, state: "died" });
    console.log(`died  ${name}`);
  }
  status = run(namesOf("passed", "failed", "died"));
}
const all = [...results.read().values()];
const bad = all.filter(({ state }) => state !== "passed");
const seconds = all.reduce((sum, result) => sum + (result.seconds ?? 0), 0);
for (const { name, state, error = "" } of bad) console.log(`${state}  ${name}  ${error}`);
console.log(`${all.length - bad.length} passed, ${bad.length} not, ${seconds.toFixed(0)} s; ${file}`);
process.exitCode = bad.length > 0 ? 1 : status;

/** @param done names of cases to leave out @returns an exit status; ends this process where it was interrupted */
function run(done) {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const files = shard.startsWith("1/") ? [] : ["test/golden"]; // the others are not dealt out
  const reporter = `--reporter=${join(root, "scripts/test-webgpu/reporter.mjs")}`;
  const { status, signal } = spawnSync(
    process.execPath,
    [vitest, "run", "--project=golden", "--no-file-parallelism", reporter, ...files, ...given],
    {
      cwd: root,
      stdio: "inherit",
      env: {
        ...process.env,
        SKIPSTEP_TEST_DEVICE: "webgpu",
        SKIPSTEP_GOLDEN_RESULTS: file,
        SKIPSTEP_GOLDEN_DONE: JSON.stringify(done),
        SKIPSTEP_GOLDEN_SHARD: shard,
        ...(isAll ? { SKIPSTEP_GOLDEN_ALL: "1" } : {}),
      },
    },
  );
  if (signal === "SIGINT" || status === 130) process.exit(130);
  return status ?? 1;
}

function namesOf(...states) {
  return [...results.read().values()].filter(({ state }) => states.includes(state)).map(({ name }) => name);
}

/** An option of this script, taken out of what vitest gets. */
function take(name, hasValue = false) {
  const at = given.findIndex((argument) => argument === name || argument.startsWith(`${name}=`));
  if (at < 0) return undefined;
  const [argument, next] = given.splice(at, hasValue && given[at] === name ? 2 : 1);
  return hasValue ? (argument === name ? next : argument.slice(name.length + 1)) : true;
}
