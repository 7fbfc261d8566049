import { statSync } from "node:fs";
import type { Component, FoundQuantizer } from "@skipstep/core";
import type { QuantizeResult } from "@skipstep/core/plugin";
import { bytesText } from "./quantities";
import type { Result } from "./terminal";

export interface Quantized {
  readonly file: string;
  readonly component: Component;
  readonly found: FoundQuantizer;
  readonly result: QuantizeResult;
  readonly seconds: number;
}

/** What `skipstep quantize` says when it is done. */
export function quantizeResult({ file, component, found, result, seconds }: Quantized): Result {
  const bytes = statSync(file).size;
  const { lines, warnings, numbers } = result;
  return {
    lines: [file, `${component.className || component.name}, ${bytesText(bytes)}, ${seconds.toFixed(1)} s`, ...lines],
    document: {
      file,
      bytes,
      component: component.name,
      class_name: component.className,
      plugin: found.name,
      options: found.options,
      seconds,
      warnings,
      ...numbers,
    },
    warnings,
  };
}
