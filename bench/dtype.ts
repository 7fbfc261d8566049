import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { listEngines } from "@skipstep/core";
import type { Benchmark, Figure } from "./benchmark";
import type { MeasuredDtype } from "./dtype-child";
import { median } from "./measure";
import { writeRandomZImage } from "./random-z-image";
import { inTemporaryFolder } from "./temporary-folder";

const child = fileURLToPath(new URL("./dtype-child.ts", import.meta.url));
const dtypes = ["float32", "float16", "bfloat16"] as const;
const rounds = 3;

export const dtypeBenchmark: Benchmark = {
  name: "dtype",
  about:
    "A Z-Image transformer of 216 million random float16 weights with `dtype` float32, float16 and bfloat16 on the CPU, in turns, each time in a process of its own: its engine, the memory that opening it and an image of 256 x 256 take (of its own, and pages of mapped weights), the time until a cached engine is open, and a step.",
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      writeRandomZImage(folder, { dim: 1024, n_layers: 12, dtype: "float16" });
      const found = new Map(dtypes.map((dtype) => [dtype, [] as MeasuredDtype[]]));
      for (const dtype of dtypes) measure(folder, dtype); // compiles
      for (let round = 0; round < rounds; round++)
        for (const dtype of dtypes) {
          const measured = measure(folder, dtype);
          found.get(dtype)!.push(measured);
          say(`${dtype}: ${JSON.stringify(measured)}`);
        }
      const of = (dtype: (typeof dtypes)[number], what: keyof MeasuredDtype): number =>
        median(found.get(dtype)!.map((measured) => measured[what]));
      const engine = (dtype: string): number => {
        const engines = listEngines(join(folder, `cache-${dtype}`));
        return engines.find(({ component }) => component === "transformer")!.bytes;
      };
      return dtypes.flatMap((dtype): Figure[] => {
        const isHalf = dtype !== "float32";
        const bytes = of(dtype, "weightBytes");
        return [
          { what: `${dtype}, engine`, value: engine(dtype) / 1e9, unit: "GB" },
          { what: `${dtype}, memory`, value: bytes / 1e9, unit: "GB" },
          { what: `${dtype}, open the cached engine`, value: of(dtype, "openSeconds"), unit: "s" },
          { what: `${dtype}, a step`, value: of(dtype, "stepSeconds"), unit: "s" },
          ...(isHalf
            ? ([
                {
                  what: `${dtype}, engine over float32's`,
                  value: engine(dtype) / engine("float32"),
                  unit: "times",
                  target: { most: 0.51 },
                },
                { what: `${dtype}, memory over float32's`, value: bytes / of("float32", "weightBytes"), unit: "times" },
                {
                  what: `${dtype}, opening over float32's`,
                  value: of(dtype, "openSeconds") / of("float32", "openSeconds"),
                  unit: "times",
                  target: { most: 1 },
                },
                {
                  what: `${dtype}, a step over float32's`,
                  value: of(dtype, "stepSeconds") / of("float32", "stepSeconds"),
                  unit: "times",
                },
              ] as const)
            : []),
        ];
      });
    }),
};

function measure(folder: string, dtype: string): MeasuredDtype {
  const cache = join(folder, `cache-${dtype}`);
  const command = ["--import", "tsx", "--conditions=@skipstep/source", child, folder, cache, dtype];
  return JSON.parse(execFileSync(process.execPath, command, { encoding: "utf8" }));
}
