import { spawn } from "node:child_process";

/**
 * Runs a command in a folder.
 * @returns what it wrote to stdout
 * @throws with all that it wrote when it fails
 */
export function inFolder(folder, command, args, environment = {}) {
  const isWindows = process.platform === "win32";
  const child = spawn(command, args, { cwd: folder, shell: isWindows, env: { ...process.env, ...environment } });
  let [stdout, all] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += text;
    all += text;
  });
  child.stderr.on("data", (text) => {
    all += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${command} ${args.join(" ")} ended with ${signal ?? `code ${code}`}:\n${all}`));
    });
  });
}
