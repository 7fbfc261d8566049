import { Option } from "commander";
import { numbers, wholeNumber } from "./option-values";
import { collect, numberOrText } from "./setting-options";

/** What a config is told by, in all commands that run one. */
export const source = "JSON file, or a model: folder, file or hf:owner/name";

/** Options that mean the same in several commands. */
export const prompts = new Option("--prompts <file>", "text file with a prompt, or a class, on each line");
export const prompt = new Option("-p, --prompt <text>", "what an image shows; again for more").argParser(collect);
export const seeds = new Option(
  "--seeds <numbers>",
  "start of the random numbers, 1,2,3; each prompt is drawn with each",
).argParser(numbers);
export const threads = new Option("--threads <number>", "threads inside one operator (default: all cores)").argParser(
  wholeNumber,
);
export const memoryGb = new Option(
  "--memory-gb <number>",
  "memory of all models that are open at a time (default: the machine's)",
).argParser(numberOrText);
export const queue = new Option(
  "--queue <place>",
  "where jobs wait: a folder of this server's own, memory, redis://... or postgres://... (default: the configs')",
);
export const blobs = new Option(
  "--blobs <place>",
  "with a queue that is shared, where pictures and images lie: a folder that all see, or s3://bucket/prefix",
);
export const cache = new Option("--cache <folder>", "where compiled engines are kept");
export const json = new Option("--json", "print one JSON document");
export const noPlugins = new Option("--no-plugins", "load no code: say which it would be, and check the rest");
