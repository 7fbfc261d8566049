import { setTimeout as delay } from "node:timers/promises";
import type { DrillSite } from "./drill-site";

/** A worker is given jobs of its model alone, whatever the priority of others; these wait for a worker that has theirs. */
export async function otherModel(site: DrillSite): Promise<string[]> {
  const worker = await site.worker("emoji");
  const others = await Promise.all(
    [1, 2, 3].map(() => site.post({ model: "other", priority: 10, num_inference_steps: 2 })),
  );
  const own = await Promise.all([1, 2, 3].map(() => site.post({ model: "emoji", num_inference_steps: 2 })));
  for (const { id } of own) await site.until(id, "completed");
  await delay(1000);
  const before = await Promise.all(others.map(async ({ id }) => (await site.look(id)).status));
  const second = await site.worker("other");
  for (const { id } of others) await site.until(id, "completed");
  worker.kill("SIGTERM");
  second.kill("SIGTERM");
  return [
    `a worker without the model: its own 3 completed, the 3 others ${[...new Set(before)].join(", ")} until one with it came, then completed`,
  ];
}
