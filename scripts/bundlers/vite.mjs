import { join } from "node:path";
import { inFolder } from "../packages/run.mjs";
import { writeProgram } from "./program.mjs";

/** Dependencies stay outside of an SSR build, which is what is wanted; so does its development server. */
export async function vite(app, check) {
  writeProgram(app);
  const file = join(app, "vite.png");
  await inFolder(app, "npx", ["vite", "build", "--ssr", "draw.ts", "--outDir", "vite-out"]);
  await inFolder(app, process.execPath, ["vite-out/draw.js", file]);
  await check("build --ssr", file);
  const development = `
    import { createServer } from "vite";
    const server = await createServer({ server: { middlewareMode: true }, appType: "custom", logLevel: "error" });
    process.argv[2] = ${JSON.stringify(file)};
    await server.ssrLoadModule("/draw.ts");
    await server.close();`;
  await inFolder(app, process.execPath, ["--input-type=module", "-e", development, "draw"]);
  await check("ssrLoadModule", file);
}
