import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { readRegularText } from "../disk/regular-file";

/** Where the hub and its cache are. */
export interface HubSettings {
  /** `https://huggingface.co` */
  readonly endpoint: string;
  /** Folder of `models--owner--name`, as huggingface_hub lays it out. */
  readonly cacheFolder: string;
  readonly token: string | undefined;
  /** Whether nothing may be asked for over the network. */
  readonly offline: boolean;
  /** True where the user's token is left out on purpose. */
  readonly anonymous?: true;
}

/** The settings that huggingface_hub reads from the environment; a variable that is set to nothing counts as not set. */
export function hubSettings(env: Readonly<Record<string, string | undefined>> = process.env): HubSettings {
  const cacheHome = env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const home = env.HF_HOME || join(cacheHome, "huggingface");
  return {
    endpoint: (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, ""),
    cacheFolder: resolve(withHome(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, "hub"))),
    token: env.HF_TOKEN?.trim() || readToken(withHome(env.HF_TOKEN_PATH || join(home, "token"))),
    offline: /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ""),
  };
}

/** The same for what a stranger named: the user's token is none of his. */
export function withoutToken(settings: HubSettings = hubSettings()): HubSettings {
  return { ...settings, token: undefined, anonymous: true };
}

function withHome(path: string): string {
  return path.replace(/^~(?=$|[/\\])/, homedir());
}

/** Written by `hf auth login`. */
function readToken(file: string): string | undefined {
  try {
    return readRegularText(withHome(file)).trim() || undefined;
  } catch {
    return undefined; // nobody logged in
  }
}
