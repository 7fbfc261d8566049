/** Prints which kernels of a provider give what the CPU's give: `bench/device.ts` runs it with the provider's name. */
import { kernelFacts } from "../src/compiler/providers/kernel-facts";
import { Engine } from "../src/runtime/engine";

const provider = process.argv[2]!;
const engine = await Engine.start({ provider });
console.log(JSON.stringify(await kernelFacts(engine, provider)));
await engine.close();
