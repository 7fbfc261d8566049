import { readRegularFile } from "@skipstep/core";
import type { ApiKey } from "@skipstep/server";
import { usage } from "./errors";

/** Keys of a file: `name hash` on each line, as `skipstep serve --new-key` prints; what begins with # is a remark. */
export function readKeys(file: string): ApiKey[] {
  const lines = Buffer.from(readRegularFile(file)).toString("utf8").split(/\r?\n/);
  const keys = lines.flatMap((line, i): ApiKey[] => {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) return [];
    const [, name, sha256] = /^(\S+)\s+([0-9a-f]{64})$/.exec(text) ?? [];
    if (name === undefined)
      throw usage(`${file}:${i + 1} is no key: skipstep serve --new-key <name> prints such lines.`);
    return [{ name, sha256: sha256! }];
  });
  if (keys.length === 0) throw usage(`${file} has no keys: skipstep serve --new-key <name> prints lines for it.`);
  return keys;
}
