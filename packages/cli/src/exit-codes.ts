/** What each exit code says. */
export const exitCodes = {
  0: "done",
  1: "unexpected: a fault of Skipstep or of the system",
  2: "the command line is wrong",
  3: "the config, the request or the recipe is wrong",
  4: "the checkpoint or its weights are wrong",
  5: "a plugin is missing, conflicts, failed, or had no effect",
  6: "the runtime, its provider or the cache of engines failed",
  7: "the output cannot be written",
  130: "cancelled by Ctrl-C (143 by SIGTERM)",
} as const;

export type ExitCode = keyof typeof exitCodes | 143;

/** Exit codes by the begin of an error's code, after `SKIPSTEP_`; the longest that fits counts. */
const families: Readonly<Record<string, ExitCode>> = {
  UNEXPECTED: 1,
  PROGRESS: 1,

  USAGE: 2,
  CREATE_USAGE: 2,

  CONFIG: 3,
  REQUEST: 3,
  ARGUMENT: 3,
  IMAGE: 3,
  MASK: 3,
  LATENTS: 3,
  RECIPE: 3,
  SCHEDULE: 3,
  TARGET: 3,
  DEVICE_MAP: 3,
  PLUGIN_OPTION: 3,
  PLUGIN_SETTINGS: 3,
  GGUF_OPTION: 3,
  GGUF_IMPORTANCE: 3,
  SVDQUANT_NOTHING: 3,

  CHECKPOINT: 4,
  COMPONENT: 4,
  FILE: 4,
  HUB: 4,
  PIPELINE: 4,
  MODEL: 4,
  WEIGHTS: 4,
  LORA: 4,
  LPIPS: 4,
  SHARD: 4,
  TENSOR: 4,
  CONTROLNET: 4,
  TOKEN: 4,
  TEXTUAL_INVERSION: 4,
  QUANTIZED: 4,
  TOKENIZER: 4,
  CHAT_TEMPLATE: 4,
  GGUF: 4,
  BNB: 4,
  SVDQUANT: 4,
  GRAPH: 4,
  DTYPE: 4,

  PLUGIN: 5,
  FAMILY: 5,
  SCHEDULER_INVALID: 5,
  SCHEDULER_TWICE: 5,
  HOOK: 5,
  NEXT: 5,
  LATENTS_WRITTEN: 5,
  REGION: 5,
  PAYLOAD: 5,
  UPLOAD: 5,

  ENGINE: 6,
  RUNTIME: 6,
  TEXT_PROCESS: 6,
  PROVIDER: 6,
  DEVICE: 6,
  DTYPE_UNSUPPORTED: 6,
  DTYPE_NOT_FINITE: 6,
  SESSION: 6,
  RUN: 6,
  CACHE: 6,
  INPUT: 6,
  SERVER: 2,
  QUEUE: 2,
  STORE: 7,
  TENSOR_EXPIRED: 6,
  TENSOR_INVALID: 6,
  TENSOR_MISMATCH: 6,
  TENSOR_FOREIGN: 6,

  OUTPUT: 7,
  CREATE: 7,

  CANCELLED: 130,
};

/** The exit code for an error's code; `undefined` for one of no known family. */
export function exitCodeOf(code: string): ExitCode | undefined {
  const name = code.replace(/^SKIPSTEP_/, "");
  const fitting = Object.keys(families).filter((family) => name.startsWith(family));
  return families[fitting.sort((a, b) => b.length - a.length)[0] ?? ""];
}
