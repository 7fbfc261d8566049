import { inspectConfig, validateConfig } from "@skipstep/core";
import { inspectionLines } from "./inspection-lines";
import type { Session } from "./session";

export interface InspectOptions {
  readonly set?: readonly string[];
  /** False loads no code. */
  readonly plugins: boolean;
  readonly json?: true;
}

/** `skipstep inspect`: what a config comes to, without loading a weight. */
export async function inspect(
  file: string,
  { set = [], plugins, json }: InspectOptions,
  { terminal }: Session,
): Promise<void> {
  const document = inspectConfig(await validateConfig(file, { overrides: set, plugins }));
  terminal.show({ document, lines: inspectionLines(document, plugins) }, json);
}
