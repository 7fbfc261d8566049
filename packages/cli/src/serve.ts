import { basename, extname } from "node:path";
import { type ApiKey, makeKey, type RequestLimits, type ServedConfig, startServer } from "@skipstep/server";
import { usage } from "./errors";
import { givenConfig } from "./given-config";
import { readKeys } from "./serve-keys";
import type { Session } from "./session";
import { type SettingOptions, settingOverrides } from "./setting-overrides";

export interface ServeOptions extends SettingOptions {
  readonly host: string;
  readonly port: number;
  readonly keys?: string;
  readonly newKey?: string;
  readonly cors?: readonly string[];
  readonly allowPlugin?: readonly string[];
  readonly maxImages?: number;
  readonly maxSide?: number;
  readonly maxSteps?: number;
  readonly maxQueue?: number;
  readonly maxBody?: number;
  readonly maxRate?: number;
  /** A number, or what else was typed. */
  readonly memoryGb?: unknown;
  /** Seconds. */
  readonly grace: number;
  readonly log?: true;
  readonly json?: true;
  readonly threads?: number;
  readonly cache?: string;
}

/** `skipstep serve`: answers requests until it is told to stop. */
export async function serve(configs: readonly string[], options: ServeOptions, session: Session): Promise<void> {
  const { terminal, interruption } = session;
  if (options.newKey !== undefined) {
    showKey(options.newKey, session, options.json);
    return;
  }
  if (configs.length === 0) throw usage("serve: name a config or a model: skipstep serve configs/emoji.json.");
  const { host, port, keys, cors, allowPlugin, memoryGb, grace, log, threads, cache } = options;
  if (memoryGb !== undefined && !(typeof memoryGb === "number" && memoryGb > 0))
    throw usage(`--memory-gb must be a number above 0, found ${JSON.stringify(memoryGb)}.`);
  const stopped = interruption.heed(grace * 1000);
  const server = await startServer({
    models: configs.map((text) => servedConfig(text, settingOverrides(options))),
    host,
    port,
    graceSeconds: grace,
    limits: limitsOf(options),
    ...(keys === undefined ? {} : { keys: readKeys(keys) }),
    ...(cors ? { cors } : {}),
    ...(allowPlugin ? { plugins: allowPlugin } : {}),
    ...(typeof memoryGb === "number" ? { memoryGb } : {}),
    ...(log ? { log: process.stdout } : {}),
    ...(threads === undefined ? {} : { threads }),
    ...(cache === undefined ? {} : { cacheDir: cache }),
  });
  terminal.complain([`Listening at ${server.url}. Requests and their fields: ${server.url}/docs. Ctrl-C stops it.`]);
  if (!stopped.aborted) await new Promise((resolve) => stopped.addEventListener("abort", resolve, { once: true }));
  terminal.complain(["Stopping: what is being drawn is finished first."]);
  await server.close();
}

/** `name=file.json`, or a file or folder whose name is the model's. */
function servedConfig(text: string, overrides: ServedConfig["overrides"] & {}): ServedConfig {
  const [, name, named] = /^([A-Za-z0-9._-]+)=(.+)$/.exec(text) ?? [];
  const { input } = givenConfig(named ?? text);
  return { id: name ?? idOf(text), config: input, overrides };
}

/** `emoji` of `configs/emoji.json`, `models/emoji/` and `hf:owner/emoji@main`. */
function idOf(text: string): string {
  const [path = text] = text.startsWith("hf:") ? text.split("@") : [text];
  return basename(path, extname(path));
}

function limitsOf(options: ServeOptions): Partial<RequestLimits> {
  const given = {
    n: options.maxImages,
    side: options.maxSide,
    steps: options.maxSteps,
    queue: options.maxQueue,
    bodyBytes: options.maxBody,
    requestsPerMinute: options.maxRate,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function showKey(name: string, { terminal }: Session, isJson?: boolean): void {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name))
    throw usage(`--new-key must be a name of letters, digits, ".", "_" and "-".`);
  const { key, entry }: { key: string; entry: ApiKey } = makeKey(name);
  const line = `${entry.name} ${entry.sha256}`;
  terminal.show(
    {
      lines: [`Key, which is shown once: ${key}`, `Line for the file of --keys: ${line}`],
      document: { key, line },
    },
    isJson,
  );
}
