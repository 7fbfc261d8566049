import { dirname, join, resolve } from "node:path";
import {
  type CheckedConfig,
  type FoundQuantizer,
  findQuantizer,
  type GenerateConfig,
  type OpenedComponent,
  openComponentWeights,
  parseJson,
} from "@skipstep/core";
import { usage } from "./errors";
import { isFolder } from "./is-folder";
import { createProgress } from "./progress";
import { quantizeResult } from "./quantize-result";
import { requestOf } from "./render/motif";
import { subjectsOf } from "./render/subjects";
import type { Session } from "./session";
import { checkWritable, writeBy } from "./write-file";

export interface QuantizeOptions {
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
  readonly set?: readonly string[];
  readonly json?: true;
}

/** `skipstep quantize`: writes a component's weights anew, smaller. */
export async function quantize(input: string, options: QuantizeOptions, session: Session): Promise<void> {
  const start = performance.now();
  const { terminal, interruption } = session;
  const given = writerOptions(options);
  const found = await findQuantizer(options.to, given, input.endsWith(".json") ? dirname(resolve(input)) : ".");
  const signal = interruption.heed();
  const progress = await createProgress(terminal.stderr);
  let opened: OpenedComponent | undefined;
  try {
    const { component, set = [] } = options;
    opened = await openComponentWeights(input, {
      component,
      overrides: set,
      signal,
      onProgress: (event) => progress.show(event),
    });
    const { weights, component: part, pipeline } = opened;
    const file = outputFile(options, found, part.name);
    checkWritable(file, 1);
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

function jsonOrText(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/** `transformer-Q4_K.gguf` in the working directory or a folder, or the file that is named. */
function outputFile(
  { out = ".", type }: QuantizeOptions,
  { name, quantizer }: FoundQuantizer,
  component: string,
): string {
  const own = `${component}-${type ?? name}${quantizer.extension}`;
  return isFolder(out) || /[\\/]$/.test(out) ? join(resolve(out), own) : resolve(out);
}
