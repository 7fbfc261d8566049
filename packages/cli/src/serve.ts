import { type ApiKey, makeKey, startServer } from "@skipstep/server";
import { usage } from "./errors";
import { type QueuePlace, queueAt } from "./queue-place";
import { readKeys } from "./serve-keys";
import { gigabytes, type ServedOptions, servedModels } from "./served-models";
import type { Session } from "./session";
import { defaultStateDir } from "./state-dir";

export interface ServeOptions extends ServedOptions, QueuePlace {
  readonly host: string;
  readonly port: number;
  readonly keys?: string;
  readonly newKey?: string;
  readonly cors?: readonly string[];
  readonly maxRate?: number;
  readonly maxConnections?: number;
  /** Requests that are drawn at once. */
  readonly batch?: number;
  readonly keepJobs?: number;
  readonly keepHours?: number;
  /** A number, or what else was typed. */
  readonly keepGb?: unknown;
  /** Seconds. */
  readonly grace: number;
  /** False with `--no-studio`. */
  readonly studio?: boolean;
  readonly log?: true;
  readonly json?: true;
}

/** `skipstep serve`: answers requests until it is told to stop. */
export async function serve(configs: readonly string[], options: ServeOptions, session: Session): Promise<void> {
  const { terminal, interruption } = session;
  if (options.newKey !== undefined) {
    showKey(options.newKey, session, options.json);
    return;
  }
  const served = servedModels("serve", configs, options);
  const { host, port, keys, cors, maxRate, maxConnections, grace, studio = true, log } = options;
  const { batch, keepJobs, keepHours, keepGb } = options;
  const stopped = interruption.heed(grace * 1000);
  const server = await startServer({
    ...served,
    host,
    port,
    graceSeconds: grace,
    studio,
    ...queueAt(options),
    stateDir: defaultStateDir(),
    ...(batch === undefined ? {} : { batch }),
    ...(keepJobs === undefined ? {} : { keptJobs: keepJobs }),
    ...(keepHours === undefined ? {} : { keptHours: keepHours }),
    ...(keepGb === undefined ? {} : { keptGb: gigabytes("--keep-gb", keepGb) }),
    limits: {
      ...served.limits,
      ...(maxRate === undefined ? {} : { requestsPerMinute: maxRate }),
      ...(maxConnections === undefined ? {} : { connections: maxConnections }),
    },
    ...(keys === undefined ? {} : { keys: readKeys(keys) }),
    ...(cors ? { cors } : {}),
    ...(log ? { log: process.stdout } : {}),
  });
  const page = studio ? ` The page to draw with: ${server.url}/.` : "";
  terminal.complain([
    `Listening at ${server.url}.${page} Requests and their fields: ${server.url}/docs. Ctrl-C stops it.`,
  ]);
  if (!stopped.aborted) await new Promise((resolve) => stopped.addEventListener("abort", resolve, { once: true }));
  terminal.complain(["Stopping: what is being drawn is finished first."]);
  await server.close();
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
