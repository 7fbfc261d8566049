import { createPipeline } from "@skipstep/core";

/** Opens the pipeline of the test's hub in a process of its own, and tells the parent when it is open. */
const [cacheDir] = process.argv.slice(2);
const generate = { num_inference_steps: 2, height: 64, width: 64, seed: 1 };
const pipeline = await createPipeline({ model: "hf:tiny/model", generate }, { cacheDir: `${cacheDir}-${process.pid}` });
await pipeline.close();
process.send!("done");
process.disconnect();
