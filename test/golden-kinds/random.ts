import { expectWithin, readSafetensors } from "@skipstep/contract/graph";
import { createGenerator, type Floats, floats } from "@skipstep/core/model";

/** torch's vectorised logarithm and cosine differ from the C library's in the last bit. */
const tolerance = 1e-6;

/** `<draw>.<n>` from a fresh generator each; `then.<i>` one after the other from one generator; `half` rounded to float16. */
export async function checkRandom(file: string): Promise<void> {
  const seed = BigInt(/seed-(\d+)\.safetensors$/.exec(file)![1]!);
  const tensors = readSafetensors(file);
  const inTurn = createGenerator(seed);
  for (const [name, expected] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const n = expected.data.length;
    const generator = name.startsWith("then.") ? inTurn : createGenerator(seed);
    const drawn = floats([n], name === "rand" ? generator.rand(n) : generator.randn(n));
    const most = name === "half" ? 2 ** -10 * 4 : tolerance; // half an ulp at 4, the largest draw
    expectWithin(name, drawn, expected as Floats, most);
  }
}
