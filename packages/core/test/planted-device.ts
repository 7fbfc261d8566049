import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A GPU of which a test decides how it is, for the runtimes of its process: see planted-device.cjs. */
export interface PlantedDevice {
  /** What ONNX Runtime throws there from now on: for any model, for one in a file, which is no probe, or when one runs. */
  fail(faults: { readonly create?: string; readonly open?: string; readonly run?: string }): void;
  heal(): void;
  /** How often models were opened, run and closed there since the last call. */
  counts(): Readonly<Record<"create" | "run" | "release", number>>;
  remove(): void;
}

export function plantDevice(folder: string): PlantedDevice {
  const file = join(folder, "planted.json");
  const before = { ...process.env };
  process.env.SKIPSTEP_PLANTED = file;
  process.env.SKIPSTEP_CACHE = join(folder, "cache");
  // Read by threads that are started with arguments of their own, as the runtime's is.
  process.env.NODE_OPTIONS = `${before.NODE_OPTIONS ?? ""} --require ${join(import.meta.dirname, "planted-device.cjs")}`;
  return {
    fail: (faults) => writeFileSync(file, JSON.stringify(faults)),
    heal: () => rmSync(file, { force: true }),
    counts() {
      const log = existsSync(`${file}.log`) ? readFileSync(`${file}.log`, "utf8").split(" ") : [];
      rmSync(`${file}.log`, { force: true });
      const count = (what: string): number => log.filter((entry) => entry === what).length;
      return { create: count("create"), run: count("run"), release: count("release") };
    },
    remove() {
      for (const name of ["SKIPSTEP_PLANTED", "SKIPSTEP_CACHE", "NODE_OPTIONS"])
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
    },
  };
}
