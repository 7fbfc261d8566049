import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Where servers keep accepted jobs: `SKIPSTEP_STATE`, else `skipstep` in the user's state folder (Linux:
 * `$XDG_STATE_HOME` or `~/.local/state`; macOS: `~/Library/Application Support`; Windows: `%LOCALAPPDATA%`).
 */
export function defaultStateDir(env: NodeJS.ProcessEnv = process.env, home = homedir()): string {
  if (env.SKIPSTEP_STATE) return env.SKIPSTEP_STATE;
  if (process.platform === "win32")
    return join(env.LOCALAPPDATA ?? join(home, "AppData", "Local"), "skipstep", "serve");
  if (process.platform === "darwin") return join(home, "Library", "Application Support", "skipstep", "serve");
  const { XDG_STATE_HOME: xdg = "" } = env;
  return join(isAbsolute(xdg) ? xdg : join(home, ".local", "state"), "skipstep", "serve");
}
