/** Prints which kernels of a provider give what the CPU's give: `bench/device.ts` runs it with the provider's name. */
import { kernelFacts } from "../src/compiler/providers/kernel-facts";
import { Runtime } from "../src/runtime/runtime";

const provider = process.argv[2]!;
const runtime = await Runtime.start({ provider });
console.log(JSON.stringify(await kernelFacts(runtime, provider)));
await runtime.close();
