import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { validateConfig } from "@skipstep/core";
import { afterAll, expect, it } from "vitest";
import { builtVariable, tsx } from "../../../test/built/packages";

const root = join(import.meta.dirname, "../../..");
const home = mkdtempSync(join(tmpdir(), "skipstep-create-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const files = [".gitignore", ".npmrc", "draw.mjs", "package.json", "skipstep.json"];

const own = join(root, "packages/create-skipstep");
const isBuilt = process.env[builtVariable] === "yes";
const command = isBuilt ? [join(own, "bin/create-skipstep.js")] : [...tsx, join(own, "src/bin.ts")];

async function create(args: readonly string[], manager = "npm"): Promise<string> {
  const env = { ...process.env, npm_config_user_agent: `${manager} npm/? node/v20.20.2 linux x64` };
  const run = promisify(execFile)(process.execPath, [...command, "--no-install", ...args], { cwd: home, env });
  return (await run).stdout;
}

const json = (...path: string[]) => JSON.parse(readFileSync(join(home, ...path), "utf8"));

it("writes a project whose config is valid once its packages are there", async () => {
  expect(await create(["My Images"])).toBe("\n  cd My Images\n  npm install\n  npm start\n");
  const folder = join(home, "My Images");
  expect(readdirSync(folder).sort()).toEqual(files);
  const { name, dependencies, allowScripts } = json("My Images", "package.json");
  const { version } = JSON.parse(readFileSync(join(root, "packages/core/package.json"), "utf8"));
  expect(name).toBe("my-images");
  expect(new Set(Object.values(dependencies))).toEqual(new Set([`^${version}`]));
  expect(allowScripts).toMatchObject({ "onnxruntime-node": false });
  const places = {
    "model-emoji": "models/emoji",
    "plugin-fbcache": "plugins/fbcache",
    cli: "packages/cli",
    core: "packages/core",
  };
  expect(Object.keys(dependencies).sort()).toEqual(
    Object.keys(places)
      .map((each) => `@skipstep/${each}`)
      .sort(),
  );
  mkdirSync(join(folder, "node_modules/@skipstep"), { recursive: true });
  for (const [each, place] of Object.entries(places))
    symlinkSync(join(root, place), join(folder, "node_modules/@skipstep", each));
  const { config, plugins } = await validateConfig(join(folder, "skipstep.json"));
  expect(config.generate).toMatchObject({ num_inference_steps: 20, width: 128 });
  expect(plugins.plugins.map(({ name }) => name)).toEqual(["fbcache"]);
});

it.each([
  ["npm/12.2.2", ".npmrc", "ignore-scripts=true"],
  ["pnpm/12.21.0", "pnpm-workspace.yaml", "  onnxruntime-node: false"],
  ["pnpm/10.34.9", "pnpm-workspace.yaml", "  - onnxruntime-node"],
  ["yarn/1.22.22", ".yarnrc", "ignore-scripts true"],
  ["yarn/4.18.1", ".yarnrc.yml", "enableScripts: false"],
])("leaves install scripts out as %s is told to", async (manager, file, line) => {
  const folder = manager.replace("/", "-");
  await create([folder], manager);
  expect(readFileSync(join(home, folder, file), "utf8").split("\n")).toContain(line);
  const files = readdirSync(join(home, folder)).filter((name) => /npmrc|pnpm|yarnrc/.test(name));
  expect(files).toEqual([file]);
});

it("names another model as the config sees it", async () => {
  await create(["inner/project", "--model", "models/mine"]);
  expect(json("inner/project", "skipstep.json")).toMatchObject({ model: "../../models/mine", plugins: [] });
  expect(Object.keys(json("inner/project", "package.json").dependencies)).not.toContain("@skipstep/model-emoji");
  expect(await create(["hub", "--model", "hf:owner/name"], "pnpm/10.34.9")).toBe(
    "\n  cd hub\n  pnpm install\n  pnpm start\n",
  );
  expect(json("hub", "skipstep.json").model).toBe("hf:owner/name");
});

it("replaces nothing, and writes nothing beside it", async () => {
  mkdirSync(join(home, "taken"));
  writeFileSync(join(home, "taken/draw.mjs"), "mine");
  await expect(create(["taken"])).rejects.toMatchObject({
    code: 7,
    stderr: `SKIPSTEP_CREATE_EXISTS ${join(home, "taken/draw.mjs")} is there already, and nothing was written. Give another folder, or move it away.\n`,
  });
  expect(readdirSync(join(home, "taken"))).toEqual(["draw.mjs"]);
});

it("leaves a project that can be completed where installing fails", async () => {
  const env = {
    ...process.env,
    npm_config_user_agent: "npm/10.9.4",
    npm_config_offline: "true",
    npm_config_cache: join(home, "empty"),
  };
  const run = promisify(execFile)(process.execPath, [...command, "offline"], { cwd: home, env });
  await expect(run).rejects.toMatchObject({
    code: 7,
    stderr: expect.stringMatching(
      /^SKIPSTEP_CREATE_UNFINISHED The project is written, but "npm install" ended with exit code 1\./m,
    ),
  });
  expect(readdirSync(join(home, "offline"))).toEqual(expect.arrayContaining(files));
});

it("tells what it does not take", async () => {
  await expect(create(["--modle", "x"])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^SKIPSTEP_CREATE_USAGE .*--modle.* See: npm create skipstep -- --help\n$/),
  });
  await expect(create(["one", "two"])).rejects.toMatchObject({ code: 2 });
  expect(existsSync(join(home, "one"))).toBe(false);
});
