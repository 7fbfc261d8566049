/**
 * Has a chat template run in a program of its own, and ends it. Arguments: the tokenizer's folder, and how it ends once a
 * line comes: `exit`, `throw`, or `leave`, when nothing runs any more and the tokenizer is open still.
 */
import { once } from "node:events";
import { openTokenizer } from "../src/text/open-tokenizer";
import { textLimits } from "../src/text/text-process";

const [path, end] = process.argv.slice(2) as [string, "exit" | "throw" | "leave"];
textLimits.work = 60_000; // so that nothing but the program's end can stop it
const tokenizer = await openTokenizer({ path });
const rendering = tokenizer.applyChatTemplate([{ role: "user", content: "a red heart" }]);
if (end === "leave") await rendering;
process.stdout.write("ready\n");
await once(process.stdin, "data");
if (end === "exit") process.exit(3);
if (end === "throw") throw new Error("nobody catches it");
process.stdin.destroy();
