import { homedir } from "node:os";
import { posix, win32 } from "node:path";

/** What decides where the cache is. */
interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

/**
 * The folder for compiled engines: `SKIPSTEP_CACHE`, else `skipstep` in the user's cache folder
 * (Linux: `$XDG_CACHE_HOME` or `~/.cache`; macOS: `~/Library/Caches`; Windows: `%LOCALAPPDATA%`).
 * A variable that is set to nothing counts as not set.
 */
export function defaultCacheDir(
  { env, platform, home }: Surroundings = { env: process.env, platform: process.platform, home: homedir() },
): string {
  const path = platform === "win32" ? win32 : posix;
  if (env.SKIPSTEP_CACHE) return path.resolve(env.SKIPSTEP_CACHE);
  if (platform === "win32") return path.join(env.LOCALAPPDATA ?? path.join(home, "AppData", "Local"), "skipstep");
  if (platform === "darwin") return path.join(home, "Library", "Caches", "skipstep");
  // The XDG specification tells to ignore relative paths, https://specifications.freedesktop.org/basedir-spec.
  const { XDG_CACHE_HOME: xdg = "" } = env;
  return path.join(path.isAbsolute(xdg) ? xdg : path.join(home, ".cache"), "skipstep");
}
