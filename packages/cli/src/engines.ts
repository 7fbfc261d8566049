import { clearEngines, defaultCacheDir, type EngineEntry, listEngines } from "@skipstep/core";
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
  const total = `${countedEngines(engines)} in ${cache}, ${bytesText(bytes)}`;
  terminal.show({ document: { cacheDir: cache, engines, bytes }, lines: [...engineLines(engines), total] }, json);
}

/** `skipstep engines clear`: removes engines from the compile cache. */
export function clear(
  { key, olderThan = 0, cache = defaultCacheDir(), json }: EnginesOptions,
  { terminal }: Session,
): void {
  const { engines, bytes } = clearEngines({
    cacheDir: cache,
    olderThanMs: olderThan,
    ...(key === undefined ? {} : { key }),
  });
  const total = `removed ${countedEngines(engines)} from ${cache}, freed ${bytesText(bytes)}`;
  terminal.show(
    { document: { cacheDir: cache, removed: engines, bytes }, lines: [...engineLines(engines), total] },
    json,
  );
}

function countedEngines({ length }: readonly EngineEntry[]): string {
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
