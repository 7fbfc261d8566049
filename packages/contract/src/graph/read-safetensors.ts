import { readFileSync } from "node:fs";
import { sizeOf, type Tensor } from "@skipstep/core/model";
import { storedTypes } from "./stored-types";

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: readonly [from: number, to: number];
}

/** All tensors of one small file, by name. The product reads lazily; a test has it all at once. */
export function readSafetensors(path: string): ReadonlyMap<string, Tensor> {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE());
  const { __metadata__: _, ...entries } = JSON.parse(file.toString("utf8", 8, start)) as Record<string, Entry>;
  return new Map(
    Object.entries(entries).map(([name, { dtype: code, shape, data_offsets }]): [string, Tensor] => {
      const [from, to] = data_offsets;
      const [, dtype, Data] = storedTypes.find(([known]) => known === code) ?? [];
      if (!dtype || !Data || to - from !== sizeOf(shape) * Data.BYTES_PER_ELEMENT)
        throw new Error(`${path}: ${name}: ${code} [${shape}]`);
      return [name, { dtype, shape, data: new Data(Uint8Array.from(file.subarray(start + from, start + to)).buffer) }];
    }),
  );
}
