import type { GenerateResult, LoraReport } from "@skipstep/core";
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
  const { seed, plugins, loras = [], controlnets = [], notes } = report;
  return {
    lines: [
      ...files.map(shownPath),
      `seed ${seed}, ${seconds.toFixed(2)} s`,
      ...loras.map(loraLine),
      ...[...controlnets, ...plugins].map(({ name, summary }) => `${name}: ${summary}`),
      ...notes,
    ],
    document: { files, seed, seconds, warnings, report },
    warnings,
  };
}

/** `lora ink at 0.8: 112 of 112 modules (unet 112)` */
function loraLine({ file, name, scale, modules, matched }: LoraReport): string {
  const parts = Object.entries(matched).map(([component, count]) => `${component} ${count}`);
  const count = Object.values(matched).reduce((sum, part) => sum + part, 0);
  return `lora ${name ?? shownPath(file)} at ${scale}: ${count} of ${modules} modules (${parts.join(", ")})`;
}
