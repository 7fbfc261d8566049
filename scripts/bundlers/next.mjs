import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inFolder } from "../packages/run.mjs";

const builders = { turbopack: [], webpack: ["--webpack"] };

/** Builds with both bundlers, and asks for a picture: the server of the project, and the standalone one. */
export async function next(app, check) {
  cpSync(join(import.meta.dirname, "next"), app, { recursive: true });
  for (const [name, args] of Object.entries(builders)) {
    rmSync(join(app, ".next"), { recursive: true, force: true });
    await inFolder(app, "npx", ["next", "build", ...args], { NEXT_TELEMETRY_DISABLED: "1" });
    // Away from the project, whose node_modules would be found.
    const alone = join(app, "..", `next-${name}`);
    cpSync(join(app, ".next/standalone"), alone, { recursive: true, verbatimSymlinks: true });
    for (const [place, command] of [
      [app, ["node_modules/next/dist/bin/next", "start"]],
      [alone, ["server.js"]],
    ]) {
      const file = join(app, "next.png");
      writeFileSync(file, await answer(place, command));
      await check(`${name}, ${command.at(-1)}`, file);
    }
  }
}

async function answer(folder, command) {
  const port = await freePort();
  const env = { ...process.env, PORT: `${port}`, HOSTNAME: "127.0.0.1" };
  const server = spawn(process.execPath, command, { cwd: folder, env });
  let said = "";
  for (const stream of [server.stdout, server.stderr])
    stream.on("data", (text) => {
      said += text;
    });
  try {
    for (let tries = 0; !said.includes("Ready") && tries < 300; tries++) await sleep(100);
    const response = await fetch(`http://127.0.0.1:${port}/draw?prompt=red%20heart`);
    if (!response.ok) throw new Error(`The server answers ${response.status}:\n${said}`);
    return Buffer.from(await response.arrayBuffer());
  } finally {
    server.kill();
    await once(server, "exit");
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
