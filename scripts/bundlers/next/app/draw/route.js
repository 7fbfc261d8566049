import { createPipeline } from "@skipstep/core";

let opening;

export async function GET(request) {
  opening ??= createPipeline("skipstep.json"); // once a process, and not while Next.js builds
  const prompt = new URL(request.url).searchParams.get("prompt") ?? "red heart";
  const { images } = await (await opening).generate({ prompt, signal: request.signal });
  return new Response(await images[0].toPng(), { headers: { "content-type": "image/png" } });
}
