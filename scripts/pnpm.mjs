/** Runs pnpm, bringing it in where it is missing. Needs nothing but Node and npm. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isInstalled } from "./build/installed.mjs";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { packageManager, engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const isWindows = process.platform === "win32";

/** Installs what the lock file says, unless it is there already. */
export function install() {
  checkNode();
  if (isInstalled(root)) return;
  console.log("Installing packages");
  pnpm("install", "--frozen-lockfile");
}

/** Builds the packages that changed. */
export function build(...options) {
  run(process.execPath, [join(root, "scripts/build.mjs"), ...options]);
}

/** Runs pnpm in the repository and ends this process with its exit code when it fails. */
export function pnpm(...args) {
  run(...pnpmCommand(args));
}

/** A command and its arguments. */
export function pnpmCommand(args) {
  const own = spawnSync("pnpm", ["--version"], { cwd: root, encoding: "utf8", shell: isWindows });
  const isThere = own.status === 0 && own.stdout.startsWith("10.");
  return isThere ? ["pnpm", args] : ["npx", ["--yes", packageManager, ...args]];
}

/** Runs a command with this process's terminal. */
export function run(command, args, environment = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    shell: isWindows,
    env: { ...process.env, ...environment },
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? (signal === "SIGINT" ? 130 : 1));
}

function checkNode() {
  const wanted = engines.node.replace(">=", "").split(".").map(Number);
  const found = process.versions.node.split(".").map(Number);
  if (found[0] > wanted[0] || (found[0] === wanted[0] && found[1] >= wanted[1])) return;
  console.error(`Skipstep needs Node ${engines.node}, this is ${process.versions.node}. Install it from nodejs.org.`);
  process.exit(1);
}
