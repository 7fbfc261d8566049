import { spawnSync } from "node:child_process";
import { basename, isAbsolute, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { createUnfinished, createUsage } from "./errors";
import { commandOf, packageManagerOf } from "./package-manager";
import { projectFiles } from "./project";
import { writeProject } from "./write-project";

const help = `npm create skipstep [folder] -- [options]

Writes a project that draws images: skipstep.json, draw.mjs, and settings with which it installs anywhere.

  --model <path>   a diffusers folder, a file, or hf:owner/name (default: a small model of emoji, 19 MB)
  --no-install     only write the files
  -h, --help
`;

const options = {
  model: { type: "string" },
  "no-install": { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** @throws CreateError */
export function run(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): void {
  const { values, positionals } = parsed(args);
  if (values.help) return void process.stdout.write(help);
  const folder = resolve(positionals[0] ?? ".");
  const model = values.model === undefined ? undefined : seenFrom(folder, values.model);
  const manager = packageManagerOf(environment.npm_config_user_agent);
  writeProject(folder, projectFiles({ manager, name: packageName(basename(folder)), model }));
  const command = commandOf(manager);
  if (!values["no-install"]) {
    complete(command, ["install"], folder);
    complete(command, ["run", "schema"], folder);
  }
  const place = relative(process.cwd(), folder);
  const steps = [...(place === "" ? [] : [`cd ${place}`]), ...(values["no-install"] ? [`${command} install`] : [])];
  process.stdout.write(`\n${[...steps, `${command} start`].map((line) => `  ${line}\n`).join("")}`);
}

function parsed(args: readonly string[]) {
  try {
    const all = parseArgs({ args: [...args], options, allowPositionals: true });
    if (all.positionals.length > 1) throw new Error("It takes one folder");
    return all;
  } catch (error) {
    throw createUsage((error as Error).message);
  }
}

/** Paths in a config are relative to it. */
function seenFrom(folder: string, model: string): string {
  if (model.startsWith("hf:") || isAbsolute(model)) return model;
  const path = relative(folder, resolve(model)).replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
}

/** @throws SKIPSTEP_CREATE_UNFINISHED */
function complete(manager: string, args: readonly string[], folder: string): void {
  const { status, signal, error } = spawnSync(manager, args, {
    cwd: folder,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0)
    throw createUnfinished([manager, ...args].join(" "), error?.message ?? signal ?? `exit code ${status}`);
}

/** npm's rule for names: lower case, no spaces, no dot in front. */
function packageName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9._~-]+/g, "-")
    .replace(/^[._-]+|-+$/g, "");
  return name === "" ? "skipstep-project" : name;
}
