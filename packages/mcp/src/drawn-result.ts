import type { CallToolResult } from "@modelcontextprotocol/server";
import type { Ask } from "./ask";
import type { Job } from "./drawn-job";

/** Images of a finished job, and in words with which seed and how they were made. */
export async function drawnResult(ask: Ask, job: Job): Promise<CallToolResult> {
  const images = await Promise.all(
    job.images.map(async ({ url }) => {
      const response = await ask(url);
      const data = Buffer.from(await response.arrayBuffer()).toString("base64");
      return { type: "image", data, mimeType: response.headers.get("content-type")! } as const;
    }),
  );
  return {
    content: [...images, { type: "text", text: sentencesOf(job).join("\n") }],
    structuredContent: {
      job: job.id,
      model: job.model,
      images: job.images.map(({ width, height, seed }) => ({ width, height, seed })),
    },
  };
}

function sentencesOf({ model, images, reports }: Job): string[] {
  const sizes = [...new Set(images.map(({ width, height }) => `${width}x${height}`))].join(", ");
  return reports.flatMap(({ seed, seconds, plugins, warnings }) => [
    `Seed ${seed}: ${images.length === 1 ? "an image" : `${images.length} images`} of ${sizes} by ${model} in ${seconds.total.toFixed(1)} s.`,
    ...plugins.map(({ name, summary }) => `${name}: ${summary}.`),
    ...warnings.map((warning) => `Warning: ${warning}`),
  ]);
}
