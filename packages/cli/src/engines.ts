import {
  clearEngines,
  defaultCacheDir,
  type EngineEntry,
  enginesDamaged,
  type Leftover,
  listEngines,
  listLeftovers,
  verifyEngines,
} from "@skipstep/core";
import { columns } from "./columns";
import { ageText, bytesText } from "./quantities";
import type { Session } from "./session";

export interface EnginesOptions {
  /** The begin of a key. */
  readonly key?: string;
  /** Milliseconds. */
  readonly olderThan?: number;
  readonly cache?: string;
  readonly json?: true;
}

/** `skipstep engines list`: what is in the compile cache. */
export function list(
  { key = "", olderThan = 0, cache = defaultCacheDir(), json }: EnginesOptions,
  { terminal }: Session,
): void {
  const isOld = ({ lastUsed }: EngineEntry): boolean => Date.now() - lastUsed.getTime() >= olderThan;
  const engines = listEngines(cache).filter((engine) => engine.key.startsWith(key) && isOld(engine));
  const bytes = engines.reduce((sum, engine) => sum + engine.bytes, 0);
  const leftovers = listLeftovers(cache);
  const total = `${countedEngines(engines)} in ${cache}, ${bytesText(bytes)}`;
  const lines = [...engineLines(engines), total, ...leftoverLines(leftovers)];
  terminal.show({ document: { cacheDir: cache, engines, bytes, leftovers }, lines }, json);
}

/** `skipstep engines clear`: removes engines from the compile cache. */
export function clear(
  { key, olderThan = 0, cache = defaultCacheDir(), json }: EnginesOptions,
  { terminal }: Session,
): void {
  const { engines, leftovers, bytes } = clearEngines({
    cacheDir: cache,
    olderThanMs: olderThan,
    ...(key === undefined ? {} : { key }),
  });
  const more = leftovers.length > 0 ? ` and ${leftovers.length} left unfinished` : "";
  const total = `removed ${countedEngines(engines)}${more} from ${cache}, freed ${bytesText(bytes)}`;
  const document = { cacheDir: cache, removed: engines, leftovers, bytes };
  terminal.show({ document, lines: [...engineLines(engines), total] }, json);
}

/**
 * `skipstep engines verify`: reads all of the compile cache.
 * @throws SKIPSTEP_CACHE_DAMAGED for engines that are not as they were written; they are removed
 */
export async function verify(
  { key, cache = defaultCacheDir(), json }: Omit<EnginesOptions, "olderThan">,
  { terminal, interruption }: Session,
): Promise<void> {
  const engines = await verifyEngines({
    cacheDir: cache,
    signal: interruption.heed(),
    ...(key === undefined ? {} : { key }),
  });
  const damaged = engines.flatMap(({ key, component, damaged }) =>
    damaged === undefined ? [] : [`${key.slice(0, 12)}${component ? ` ${component}` : ""}: ${damaged}`],
  );
  if (damaged.length > 0) throw enginesDamaged(cache, damaged, engines.length);
  const total = `${countedEngines(engines)} in ${cache}, as ${engines.length === 1 ? "it was" : "they were"} written`;
  terminal.show({ document: { cacheDir: cache, engines }, lines: [total] }, json);
}

/** What is not whole: of processes that are gone, and of those that are at work. */
function leftoverLines(leftovers: readonly Leftover[]): string[] {
  const [dead, working] = [leftovers.filter(({ isDead }) => isDead), leftovers.filter(({ isDead }) => !isDead)];
  const text = (list: readonly Leftover[]): string =>
    `${countedEngines(list)}, ${bytesText(list.reduce((sum, { bytes }) => sum + bytes, 0))}`;
  return [
    ...(dead.length > 0
      ? [`left unfinished by killed processes: ${text(dead)}; "skipstep engines clear" removes them`]
      : []),
    ...(working.length > 0 ? [`being written: ${text(working)}`] : []),
  ];
}

function countedEngines({ length }: readonly unknown[]): string {
  return `${length} ${length === 1 ? "engine" : "engines"}`;
}

function engineLines(engines: readonly EngineEntry[]): string[] {
  if (engines.length === 0) return [];
  const head = ["key", "size", "used", "component", "class", "plugins", "source"];
  const rows = engines.map(({ key, bytes, lastUsed, component, className, plugins = [], source, damaged }) => [
    key.slice(0, 12),
    bytesText(bytes),
    ageText(Date.now() - lastUsed.getTime()),
    component ?? "?",
    className ?? "?",
    plugins.join(" ") || "-",
    `${source ?? "?"}${damaged === undefined ? "" : ` (damaged: ${damaged})`}`,
  ]);
  return columns([head, ...rows], [1]);
}
