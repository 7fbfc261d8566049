import type { SkipstepError } from "../errors/error";
import { runtimeMissing, runtimeUnloadable } from "../errors/runtime";
import { builtProviders, thisPlatform } from "./providers";

const again = "Install it again on this machine, node_modules removed before: docs/install.md";
const copied = `An installation that was made, or trimmed, for another platform lacks it. ${again}`;
const bundled = "A bundle needs Skipstep's threads beside it, or leaves @skipstep/core out: docs/deploy.md";
const glibc = "It is built for glibc: take an image of Debian, such as node:22-slim, not Alpine";

/**
 * Why ONNX Runtime's thread could not begin; nothing where it died of something else.
 * @param crash what the thread threw
 */
export function loadFailure(crash: unknown, platform = thisPlatform, isMusl = hasMusl): SkipstepError | undefined {
  if (!builtProviders[platform]) return runtimeMissing(platform, Object.keys(builtProviders), crash);
  const { code, message = "" } = crash instanceof Error ? (crash as NodeJS.ErrnoException) : {};
  const reason = message.split("\n")[0]!; // a stack of requires follows
  const failed = (remedy: string): SkipstepError => runtimeUnloadable(platform, reason, remedy, crash);
  if (code === "ERR_DLOPEN_FAILED") return failed(isMusl() ? glibc : again);
  if (code !== "MODULE_NOT_FOUND" && code !== "ERR_MODULE_NOT_FOUND") return undefined;
  if (/[\\/]runtime[\\/]worker\.js'/.test(reason)) return failed(bundled);
  return failed(reason.includes("onnxruntime_binding.node") ? copied : again);
}

/** Whether Node itself runs on musl, as in Alpine. */
function hasMusl(): boolean {
  if (process.platform !== "linux") return false;
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime === undefined;
}
