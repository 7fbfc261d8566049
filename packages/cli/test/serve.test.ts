import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { skipstep, skipstepJson, startSkipstep } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

const folder = temporaryFolder();

it("serves until it is told to stop, with the keys of a file", async () => {
  const { document } = await skipstepJson<{ key: string; line: string }>("serve", "--new-key", "ann");
  const keys = join(folder.path, "keys");
  writeFileSync(keys, `# who may ask\n${document.line}\n`);
  const child = startSkipstep([
    "serve",
    "fast=models/emoji",
    "--steps",
    "4",
    "--port",
    "0",
    "--keys",
    keys,
    "--host",
    "0.0.0.0",
    "--grace",
    "5",
  ]);
  try {
    let said = "";
    child.stderr.on("data", (data) => {
      said += data;
    });
    await expect.poll(() => said, { timeout: 60_000 }).toContain("Listening at");
    const port = /:(\d+)\. /.exec(said)![1];
    const ask = async (key: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
    expect(((await (await ask(document.key)).json()) as { data: unknown }).data).toMatchObject([{ id: "fast" }]);
    expect((await ask("other")).status).toBe(401);
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
    expect(said).toContain("Stopping");
  } finally {
    child.kill("SIGKILL");
  }
});

it.each([
  [["serve"], "SKIPSTEP_USAGE"],
  [["serve", "configs/emoji.json", "--host", "0.0.0.0"], "SKIPSTEP_SERVER_UNGUARDED"],
  [["serve", "configs/emoji.json", "other/emoji.json"], "SKIPSTEP_SERVER_OPTION"],
  [["serve", "configs/emoji.json", "--memory-gb", "much"], "SKIPSTEP_USAGE"],
  [["serve", "configs/emoji.json", "--keys", "configs/emoji.json"], "SKIPSTEP_USAGE"],
  [["serve", "configs/emoji.json", "--port", "http"], "SKIPSTEP_SERVER_OPTION"],
  [["serve", "--new-key", "a b"], "SKIPSTEP_USAGE"],
])("refuses %j", async (args, code) => {
  const { exitCode, stderr } = await skipstep(...args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(code);
});
