import { inspectConfig, validateConfig } from "@skipstep/core";
import { inspectionLines } from "./inspection-lines";
import type { Session } from "./session";

export interface InspectOptions {
  readonly set?: readonly string[];
  readonly json?: true;
}

/** `skipstep inspect`: what a config comes to, without loading a weight. */
export async function inspect(file: string, { set = [], json }: InspectOptions, { terminal }: Session): Promise<void> {
  const document = inspectConfig(await validateConfig(file, { overrides: set }));
  terminal.show({ document, lines: inspectionLines(document) }, json);
}
