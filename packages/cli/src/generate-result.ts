import type { GenerateResult } from "@skipstep/core";
import { shownPath } from "./shown-path";
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

/** The files, seed and time, one line a ControlNet and a plugin, and what was made of prompts. */
export function generateResult({ files, seconds, warnings, result: { report } }: Generated): Result {
  const { seed, plugins, notes, controlnets = [] } = report;
  return {
    lines: [
      ...files.map(shownPath),
      `seed ${seed}, ${seconds.toFixed(2)} s`,
      ...[...controlnets, ...plugins].map(({ name, summary }) => `${name}: ${summary}`),
      ...notes,
    ],
    document: { files, seed, seconds, warnings, report },
    warnings,
  };
}
