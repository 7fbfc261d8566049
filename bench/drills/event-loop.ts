import { monitorEventLoopDelay } from "node:perf_hooks";
import { createPipeline, type GenerateRequest } from "@skipstep/core";

const resolution = 10;

/** The longest time in which the event loop of a process that opens a model and draws with it turned round once. */
export async function eventLoop(config: string, request: GenerateRequest): Promise<string[]> {
  const delays = monitorEventLoopDelay({ resolution });
  const longest = async (act: () => Promise<unknown>): Promise<string> => {
    delays.reset();
    delays.enable();
    await act();
    delays.disable();
    return `${Math.max(0, delays.max / 1e6 - resolution).toFixed(0)} ms`;
  };
  let pipeline!: Awaited<ReturnType<typeof createPipeline>>;
  const opening = await longest(async () => {
    pipeline = await createPipeline(config);
  });
  const first = await longest(() => pipeline.generate(request));
  const next = await longest(() => pipeline.generate(request));
  await pipeline.close();
  return [`${config}: the event loop's longest block: opening ${opening}, first image ${first}, next image ${next}`];
}
