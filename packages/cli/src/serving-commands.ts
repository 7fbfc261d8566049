import type { Command } from "commander";
import { bytes, largeNumber, wholeNumber } from "./option-values";
import type { Session } from "./session";
import { addSettings, collect, numberOrText } from "./setting-options";
import { blobs, cache, json, memoryGb, queue, threads } from "./shared-options";

/** Commands that draw for other programs: `serve`, `worker`, `mcp`. */
export function addServingCommands(program: Command, session: Session): void {
  const serve = servedOptions(
    program
      .command("serve")
      .description("answer requests of applications for images, by the APIs of OpenAI and A1111")
      .argument("[configs...]", "configs or models, each named after its file, or name=file.json"),
  )
    .option("--host <address>", "where to listen; others than loopback need --keys", "127.0.0.1")
    .option("--port <number>", "0 takes one that is free", numberOrText, 7860)
    .option("--keys <file>", "names and hashes of the keys that open it, one a line")
    .option("--new-key <name>", "make a key, print it and its line for --keys, and do nothing else")
    .option("--cors <origin>", "a web page that may ask: https://example.org; again for more", collect)
    .option("--max-rate <number>", "requests of one key in a minute", largeNumber)
    .option("--max-connections <number>", "connections at a time", largeNumber)
    .addOption(queue)
    .addOption(blobs)
    .option("--batch <number>", "images drawn at once, of requests that differ in prompt and seed alone", largeNumber)
    .option("--keep-jobs <number>", "finished jobs that are kept", largeNumber)
    .option("--keep-hours <number>", "how long a finished job is kept", largeNumber)
    .option("--keep-gb <number>", "images of finished jobs that are kept", numberOrText)
    .option("--grace <seconds>", "what a running image has to finish in when the server is stopped", wholeNumber, 30)
    .option("--no-studio", "without the web page")
    .option("--log", "write a line of JSON to stdout for each request");
  addSettings(serve, { pictures: true, strict: true })
    .addOption(json)
    .action(async (configs, options) => (await import("./serve")).serve(configs, options, session));

  const worker = program
    .command("worker")
    .description("draw what servers accepted into a queue that they share; one process a device")
    .argument("<configs...>", "configs or models that it draws, named as the servers name them")
    .addOption(queue)
    .addOption(blobs)
    .addOption(memoryGb)
    .option("--lock <seconds>", "without a sign of life for so long, its job is another worker's", wholeNumber, 30)
    .option("--batch <number>", "images of a job drawn at once, where they differ in seed alone", largeNumber)
    .option("--grace <seconds>", "what a running image has to finish in when the worker is stopped", wholeNumber, 30)
    .option("--log", "write a line of JSON to stdout for each job")
    .addOption(threads)
    .addOption(cache);
  addSettings(worker, { pictures: true, strict: true }).action(async (configs, options) =>
    (await import("./worker")).worker(configs, options, session),
  );

  const mcp = servedOptions(
    program
      .command("mcp")
      .description("give tools that draw to the program at stdin and stdout, by the Model Context Protocol")
      .argument("[configs...]", "configs or models, each named after its file, or name=file.json"),
  ).option("--allow-folder <folder>", "pictures may be files in it; again for more", collect);
  addSettings(mcp, { pictures: true, strict: true }).action(async (configs, options) =>
    (await import("./mcp")).mcp(configs, options, session),
  );
}

function servedOptions(command: Command): Command {
  return command
    .option("--allow-plugin <package>", "a plugin that requests may use besides the config's; again for more", collect)
    .option("--max-images <number>", "images of one request", wholeNumber)
    .option("--max-side <pixels>", "width and height", wholeNumber)
    .option("--max-steps <number>", "steps of one image", wholeNumber)
    .option("--max-queue <number>", "jobs that wait", largeNumber)
    .option("--max-body <bytes>", "a request with its pictures", bytes)
    .addOption(memoryGb)
    .addOption(threads)
    .addOption(cache);
}
