import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { parse } from "node:path";
import { fileURLToPath } from "node:url";
import { fileBeside } from "../runtime/file-beside";
import { threadStart } from "../runtime/start-thread";

/** All that a stranger's text may see of the environment: what Node needs to start, and the time zone for templates. */
const environment = ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "NODE_ICU_DATA", "SystemRoot", "TMPDIR", "TEMP", "TZ"];

/**
 * Starts the text process. It keeps no program alive, and ends with the program in any case.
 * @param memory MiB of JavaScript's heap
 * @throws what `fork` throws where it may not start one
 */
export function startProcess(memory: number): ChildProcess {
  const thread = threadStart(import.meta.url, "./text/worker.js", "./worker.ts", {
    name: "skipstep-text",
    resourceLimits: { maxOldGenerationSizeMb: memory },
  });
  const file = import.meta.url.endsWith(".ts") ? "./host.js" : "./text/host.js";
  const options: ForkOptions & { readonly windowsHide: boolean } = {
    cwd: parse(process.execPath).root, // which nobody removes
    detached: true, // a terminal's Ctrl-C is for the program
    env: Object.fromEntries(environment.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
    execArgv: [], // those of the program open its inspector, or load its own modules
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    windowsHide: true,
  };
  const child = fork(fileURLToPath(fileBeside(import.meta.url, file)), [JSON.stringify(thread)], options);
  child.unref();
  child.channel?.unref();
  (child.stderr as { unref?(): void } | null)?.unref?.();
  return child;
}
