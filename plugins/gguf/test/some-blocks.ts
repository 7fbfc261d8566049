import { type BlockType, dequantize } from "../src/blocks/block-type";

/** Blocks of any content whose scales are numbers of a common size. */
export function someBlocks(type: BlockType, rows: number, columns: number): Uint8Array {
  let state = 12345;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 16;
  };
  const count = (rows * columns) / type.size;
  const half = [Buffer.from("003c", "hex"), Buffer.from("0030", "hex"), Buffer.from("00b8", "hex")];
  return Buffer.concat(
    Array.from({ length: count }, (_, i) => {
      for (;;) {
        const block = Uint8Array.from({ length: type.byteLength }, () => random() & 255);
        for (const at of [0, 2, type.byteLength - 2, type.byteLength - 4]) block.set(half[i % 3]!, at);
        if (type.name === "MXFP4") block[0] = 120 + (i % 5);
        if (type.name === "Q8_K") block.set(new Uint8Array(Float32Array.of(0.1 + i).buffer));
        if (type.name === "IQ1_M")
          for (const [k, top] of [0, 0, 12, 3].entries()) block[49 + 2 * k] = (block[49 + 2 * k]! & 15) | (top << 4);
        if (dequantize(type, block).every((x) => Number.isFinite(x) && Math.abs(x) < 1e6)) return block;
      }
    }),
  );
}
