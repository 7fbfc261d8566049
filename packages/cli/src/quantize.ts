import { join, resolve } from "node:path";
import {
  type CheckedConfig,
  type FoundQuantizer,
  findQuantizer,
  type GenerateConfig,
  type OpenedComponent,
  openComponentWeights,
} from "@skipstep/core";
import { factsText } from "./columns";
import { usage } from "./errors";
import { type GivenConfig, givenConfig, isPipeline } from "./given-config";
import { isFolder } from "./is-folder";
import { jsonOrText } from "./json-or-text";
import { createProgress } from "./progress";
import { quantizeResult } from "./quantize-result";
import { requestOf } from "./render/motif";
import { subjectsOf } from "./render/subjects";
import type { Session } from "./session";
import { type SettingOptions, settingOverrides } from "./setting-overrides";
import { checkWritable, writeBy } from "./write-file";

export interface QuantizeOptions extends SettingOptions {
  /** Plugin that writes. */
  readonly to: string;
  readonly type?: string;
  readonly rule?: readonly string[];
  readonly importance?: string;
  readonly calibrate?: true;
  /** What images to calibrate with show: a file with a line each, and single ones. */
  readonly prompts?: string;
  readonly prompt?: readonly string[];
  /** `rank=32`: options of the plugin that have no flag of their own. */
  readonly option?: readonly string[];
  readonly component?: string;
  readonly out?: string;
  readonly json?: true;
}

/** `skipstep quantize`: writes a component's weights anew, smaller. */
export async function quantize(input: string, options: QuantizeOptions, session: Session): Promise<void> {
  const start = performance.now();
  const { terminal, interruption } = session;
  const given = writerOptions(options);
  const source = givenConfig(input);
  const found = await findQuantizer(options.to, given, source.folder);
  const signal = interruption.heed();
  const progress = await createProgress(terminal.stderr, { lines: true });
  let opened: OpenedComponent | undefined;
  try {
    const { component } = options;
    opened = await openComponentWeights(draws(source, options) ? source.input : input, {
      component,
      overrides: settingOverrides(options),
      signal,
      onProgress: (event) => progress.show(event),
    });
    const { weights, component: part, pipeline } = opened;
    const file = outputFile(options, found, part.name);
    checkWritable(file, 1);
    terminal.complain(untold(found, options));
    const result = await writeBy(file, signal, (temporary) =>
      found.quantizer.quantize({
        component: part,
        weights,
        options: found.options,
        file: temporary,
        ...(pipeline ? { config: pipeline.config } : {}),
        images: () => (pipeline ? imagesOf(pipeline, options) : []),
        signal,
        onProgress: (what, done, of) => progress.show({ kind: "quantize", what, done, of }),
      }),
    );
    progress.stop();
    const seconds = (performance.now() - start) / 1000;
    terminal.show(quantizeResult({ file, component: part, found, result, seconds }), options.json);
  } finally {
    progress.stop();
    opened?.weights.close();
  }
}

/** Whether images are drawn with a model that is no config: its settings count, and must fit it. */
function draws(source: GivenConfig, { calibrate, prompts, prompt }: QuantizeOptions): boolean {
  return isPipeline(source.name) && (calibrate === true || prompts !== undefined || prompt !== undefined);
}

/** What is said of how to write, by the plugin's names. */
function writerOptions({ type, rule, importance, calibrate, option = [] }: QuantizeOptions): Record<string, unknown> {
  const others = option.map((text) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined) throw usage(`--option must look like rank=32, found "${text}".`);
    return [name, jsonOrText(value!)] as const;
  });
  return {
    ...Object.fromEntries(others),
    type,
    rules: rule,
    importance: importance === undefined ? undefined : resolve(importance),
    calibrate,
  };
}

function imagesOf(pipeline: CheckedConfig, options: QuantizeOptions): GenerateConfig[] {
  return subjectsOf(pipeline, options).map((subject) => requestOf(pipeline, subject));
}

/** What is done where no type was asked for: the type that it will be, or all options of a plugin that has none. */
function untold({ name, quantizer, options }: FoundQuantizer, { type, rule }: QuantizeOptions): string[] {
  if (type !== undefined) return [];
  const { type: own } = options;
  if (typeof own !== "string") return [`${name} writes with ${factsText(options)}`];
  const { properties = {} } = quantizer.options as { properties?: Readonly<Record<string, { enum?: string[] }>> };
  const others = (properties.type?.enum ?? []).filter((each) => each !== own);
  const where = rule === undefined ? "" : " where no --rule says otherwise";
  return [`no --type: ${name} writes ${own}${where}${others.length > 0 ? `; there are ${others.join(", ")} too` : ""}`];
}

/** `transformer-Q4_K.gguf` in the working directory or a folder, or the file that is named. */
function outputFile(
  { out = "." }: QuantizeOptions,
  { name, quantizer, options }: FoundQuantizer,
  component: string,
): string {
  const own = `${component}-${options.type ?? name}${quantizer.extension}`;
  return isFolder(out) || /[\\/]$/.test(out) ? join(resolve(out), own) : resolve(out);
}
