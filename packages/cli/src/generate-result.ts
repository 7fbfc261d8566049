import { isAbsolute, relative } from "node:path";
import type { GenerateResult } from "@skipstep/core";
import type { Result } from "./terminal";

/** What `generate` did. */
export interface Generated {
  /** Absolute paths. */
  readonly files: readonly string[];
  /** From the config to the files. */
  readonly seconds: number;
  readonly warnings: readonly string[];
  readonly result: GenerateResult;
}

/** The files, seed and time, and one line a plugin. */
export function generateResult({ files, seconds, warnings, result: { report } }: Generated): Result {
  const { seed, plugins } = report;
  return {
    lines: [
      ...files.map(shown),
      `seed ${seed}, ${seconds.toFixed(2)} s`,
      ...plugins.map(({ name, summary }) => `${name}: ${summary}`),
    ],
    document: { files, seed, seconds, warnings, report },
    warnings,
  };
}

/** Relative to the working directory for what lies inside it. */
function shown(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith("..") || isAbsolute(path) ? file : path;
}
