import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Whether what a workspace's lock file says is there: pnpm leaves a copy of the one that it went by. */
export function isInstalled(workspace) {
  const [wanted, found] = ["pnpm-lock.yaml", "node_modules/.pnpm/lock.yaml"].map((file) =>
    textOf(join(workspace, file)),
  );
  return found !== undefined && found === wanted && existsSync(join(workspace, "node_modules/.modules.yaml"));
}

/** Whatever Git made of the ends of its lines. */
function textOf(file) {
  return existsSync(file) ? readFileSync(file, "utf8").replaceAll("\r\n", "\n") : undefined;
}
