import { type CheckedConfig, estimateMemory, validateConfig } from "@skipstep/core";
import { columns, factsText } from "./columns";
import { givenConfig } from "./given-config";
import { codeRows } from "./plugin-code";
import { bytesText } from "./quantities";
import type { Session } from "./session";
import { type SettingOptions, settingOverrides } from "./setting-overrides";

export interface ValidateOptions extends SettingOptions {
  /** False loads no code. */
  readonly plugins: boolean;
  readonly json?: true;
}

/** `skipstep validate`: says what was recognised in a config, or fails with everything that is wrong. */
export async function validate(file: string, options: ValidateOptions, { terminal }: Session): Promise<void> {
  const { plugins: isLoading, json } = options;
  const overrides = settingOverrides(options);
  const loaded = await validateConfig(givenConfig(file).input, { overrides, plugins: isLoading });
  const plugins = loaded.plugins.plugins.map(({ name, version, options }) => ({ name, version, options }));
  const { config } = loaded;
  const memory = estimateMemory(loaded);
  terminal.show(
    {
      lines: validLines(file, memory, loaded, isLoading),
      document: { ok: true, file: loaded.file, config, plugins, code: loaded.code, estimatedMemory: memory },
    },
    json,
  );
}

function validLines(
  file: string,
  memory: number,
  { config, plugins, code }: CheckedConfig,
  isLoading: boolean,
): string[] {
  const { type = "the checkpoint's own", ...scheduler } = config.scheduler ?? {};
  const facts = (values: object): string => (Object.keys(values).length === 0 ? "" : `: ${factsText(values)}`);
  const rows = [
    ["model", `${config.model}${config.variant === undefined ? "" : ` (${config.variant})`}`],
    ["device", config.device],
    ["scheduler", `${type}${facts(scheduler)}`],
    ["generate", factsText(config.generate)],
    ["memory", `about ${bytesText(memory)} besides the weights`],
    ...plugins.plugins.map(({ name, version, options }) => ["plugin", `${name} ${version}${facts(options)}`]),
    ...codeRows(code, isLoading),
  ];
  return [`ok ${file}`, ...columns(rows)];
}
