import { inspectConfig, validateConfig } from "@skipstep/core";
import { givenConfig } from "./given-config";
import { inspectionLines } from "./inspection-lines";
import type { Session } from "./session";
import { type SettingOptions, settingOverrides } from "./setting-overrides";

export interface InspectOptions extends SettingOptions {
  /** False loads no code. */
  readonly plugins: boolean;
  readonly json?: true;
}

/** `skipstep inspect`: what a config comes to, without loading a weight. */
export async function inspect(file: string, options: InspectOptions, { terminal }: Session): Promise<void> {
  const { plugins, json } = options;
  const overrides = settingOverrides(options);
  const document = inspectConfig(await validateConfig(givenConfig(file).input, { overrides, plugins }));
  terminal.show({ document, lines: inspectionLines(document, plugins) }, json);
}
