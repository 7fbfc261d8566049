import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { openTokenizer } from "../src/text/open-tokenizer";
import { textLimits } from "../src/text/text-process";
import { temporaryFolder } from "./checkpoint-files";
import { isRunning, textProcessesOf } from "./text-processes";

const root = resolve(import.meta.dirname, "../../..");
const emoji = join(root, "models/emoji/tokenizer");
const endless = join(temporaryFolder(), "tokenizer");
cpSync(emoji, endless, { recursive: true });
writeFileSync(
  join(endless, "chat_template.jinja"),
  "{% for i in range(99999) %}{% for k in range(99999) %}{% endfor %}{% endfor %}",
);

const chat = [{ role: "user", content: "a red heart" }];
const usual = { ...textLimits };
const environment = { ...process.env };
const { execPath } = process;
afterEach(() => {
  Object.assign(textLimits, usual);
  Object.assign(process, { execPath });
  for (const name of ["NODE_OPTIONS", "HF_TOKEN"]) {
    if (environment[name] === undefined) delete process.env[name];
    else process.env[name] = environment[name];
  }
});

/** Waits until none of the processes runs. What they are at would take them a minute. */
async function untilGone(processes: readonly number[]): Promise<void> {
  const start = performance.now();
  while (processes.some(isRunning)) {
    if (performance.now() - start > 20_000) throw new Error(`${processes} run on`);
    await setTimeout(50);
  }
}

/** Ends the text process of this program, so that the next one starts afresh. */
async function endNow(): Promise<void> {
  const tokenizer = await openTokenizer({ path: endless });
  await tokenizer.applyChatTemplate(chat, {}, AbortSignal.timeout(10)).catch(() => undefined);
  tokenizer.close();
}

describe("a tokenizer that is closed while it reads", () => {
  it.each([
    ["the only one", false],
    ["one of several", true],
  ])("says that it is, %s", async (_, hasOthers) => {
    const other = hasOthers ? await openTokenizer({ path: emoji }) : undefined;
    const tokenizer = await openTokenizer({ path: emoji });
    const reading = tokenizer.encode(["a red heart"]);
    tokenizer.close();
    await expect(reading).rejects.toMatchObject({ code: "SKIPSTEP_RUNTIME_STOPPED" });
    await expect(tokenizer.encode(["a"])).rejects.toMatchObject({ code: "SKIPSTEP_RUNTIME_STOPPED" });
    await other?.encode(["a red heart"]);
    other?.close();
  });
});

describe("the text process", () => {
  it.each([
    ["is killed", "exit", "SIGKILL"],
    ["exits", "exit", undefined],
    ["fails", "throw", undefined],
    ["comes to its end", "leave", undefined],
  ] as const)("ends when its program %s", async (_, end, signal) => {
    const script = join(import.meta.dirname, "text-process-child.ts");
    const args = ["--import", "tsx", "--conditions=@skipstep/source", script, end === "leave" ? emoji : endless, end];
    const program = spawn(process.execPath, args, { cwd: root, stdio: ["pipe", "pipe", "ignore"] });
    await once(program.stdout, "data");
    await setTimeout(200); // it is in the template
    const processes = textProcessesOf(program.pid!);
    expect(processes.length).toBe(1);
    const ended = once(program, "exit");
    if (signal) program.kill(signal);
    else program.stdin.write("go\n");
    await ended;
    await untilGone(processes);
  });

  it("is one for all tokenizers, rests when all are closed, and ends", async () => {
    await endNow();
    textLimits.rest = 1000;
    const seen = new Set<number>();
    for (let i = 0; i < 20; i++) {
      const tokenizers = await Promise.all([openTokenizer({ path: emoji }), openTokenizer({ path: endless })]);
      for (const pid of textProcessesOf(process.pid)) seen.add(pid);
      for (const tokenizer of tokenizers) tokenizer.close();
    }
    expect(seen.size).toBe(1);
    await untilGone([...seen]);
  });

  it("ends at once when its last tokenizer is closed in the middle of a call", async () => {
    const tokenizer = await openTokenizer({ path: endless });
    const rendering = tokenizer.applyChatTemplate(chat);
    rendering.catch(() => undefined);
    await setTimeout(100);
    const processes = textProcessesOf(process.pid);
    tokenizer.close();
    await expect(rendering).rejects.toMatchObject({ code: "SKIPSTEP_RUNTIME_STOPPED" });
    await untilGone(processes);
  });

  it("has nothing of the program's environment but what it needs", async () => {
    await endNow();
    process.env.NODE_OPTIONS = "--inspect-brk=0"; // with which it would wait for a debugger
    process.env.HF_TOKEN = "secret";
    const tokenizer = await openTokenizer({ path: endless });
    const [pid] = textProcessesOf(process.pid);
    if (process.platform === "linux")
      expect(readFileSync(`/proc/${pid}/environ`, "utf8")).not.toMatch(/secret|inspect/);
    expect((await tokenizer.encode(["a"])).inputIds.length).toBe(1);
    tokenizer.close();
  });

  it("that cannot be started is an error with a code, and is tried again", async () => {
    await endNow();
    Object.assign(process, { execPath: "/nowhere/node" });
    await expect(openTokenizer({ path: emoji })).rejects.toMatchObject({
      code: "SKIPSTEP_TEXT_PROCESS_START",
      message: expect.stringContaining("ENOENT"),
    });
    Object.assign(process, { execPath });
    const tokenizer = await openTokenizer({ path: emoji });
    expect((await tokenizer.encode(["a"])).inputIds.length).toBe(1);
    tokenizer.close();
  });
});
