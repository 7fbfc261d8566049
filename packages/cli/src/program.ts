import { Command, Option } from "commander";
import { version } from "../package.json";
import { exitCodes } from "./exit-codes";
import { age, duration, positive, quality, wholeNumber } from "./option-values";
import { addServingCommands } from "./serving-commands";
import type { Session } from "./session";
import { addSettings, collect, numberOrText } from "./setting-options";
import { cache, json, noPlugins, prompt, prompts, seeds, source, threads } from "./shared-options";

/** Commander takes it for the opposite of `--recipe <image>`, which is about another image. */
const noRecipe = Object.assign(new Option("--no-recipe", "leave how an image was made out of the file"), {
  attributeName: () => "writeRecipe",
});

/** Every command with its options. What a command does is loaded when it is called, so that help is there at once. */
export function createProgram(session: Session): Command {
  const { terminal } = session;
  const program = new Command("skipstep")
    .description("Makes images with diffusion models, faster by plugins.")
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      outputError: () => undefined, // told by whoever runs this, as all errors are
    })
    .addHelpText("after", () => `\nExit codes:\n${exitCodeLines().join("\n")}`);

  const generate = program
    .command("generate")
    .description("make images of a config or a model, or one again by its recipe")
    .argument("[config]", `${source}; may be left out with --recipe`)
    .option("-p, --prompt <text>", "what the image shows; again for more images", collect)
    .option("--class <label>", "the same for models of classes, by number or name; again for more images", collect)
    .option("--images <number>", "images of each prompt", numberOrText)
    .option("-s, --seed <number>", "start of the random numbers", numberOrText)
    .option("-o, --out <path>", "a .png, .jpg or .webp file, or a folder (default: the working directory)")
    .option("--quality <number>", "of a .jpg or .webp, 1 to 100 (default: 90)", quality);
  addSettings(generate)
    .option("--prompt-weighting <rules>", "whose rules brackets in prompts follow: none, a1111, comfyui, compel")
    .option("--long-prompts <how>", "what is too long for CLIP: truncate, chunks")
    .option("--controlnet <path>", "a ControlNet: folder, file or hf:owner/name; again for more", collect)
    .option("--control-image <file>", "the picture that a ControlNet follows; again for each net", collect)
    .option("--lora <file[:scale]>", "a LoRA beside the weights: ink.safetensors:0.8; again for more", collect)
    .option("--recipe <image>", "make this image again; other options are stronger")
    .option("--trust", "read and fetch what the recipe names, without asking")
    .addOption(noRecipe)
    .option("--previews [folder]", "write what the image looks like after each step")
    .addOption(threads)
    .addOption(cache)
    .addOption(json)
    .action(async (config, options) => (await import("./generate")).generate(config, options, session));

  addServingCommands(program, session);

  const compare = program
    .command("compare")
    .description("draw the same images with several configs, and measure how much faster and how different they are")
    .argument("<reference>", `what the others are measured against: ${source}`)
    .argument("<configs...>", "configs of the same model")
    .addOption(prompts)
    .addOption(prompt)
    .addOption(seeds)
    .option("--lpips <file>", "measure LPIPS, too: safetensors of its network and weights; again for a second", collect)
    .option("-o, --out <file>", "the page with images and charts (default: compare.html)");
  addSettings(compare, { plugin: true })
    .addOption(threads)
    .addOption(cache)
    .addOption(json)
    .action(async (reference, configs, options) =>
      (await import("./compare")).compare([reference, ...configs], options, session),
    );

  const tune = program
    .command("tune")
    .description("find options of a config's plugins for a quality or a speed, by drawing with them")
    .argument("<config>", `${source}, with plugins that have options to tune`)
    .option("--psnr <dB>", "as fast as possible at this PSNR against the config without plugins", positive)
    .option("--speedup <times>", "as close as possible with a denoiser so many times faster", positive)
    .option("--latency <time>", "as close as possible with an image in 8s, 800ms or 2m", duration)
    .addOption(prompts)
    .addOption(prompt)
    .addOption(seeds)
    .option("--count <number>", "most prompts that each setting draws", wholeNumber, 4)
    .option("--trials <number>", "most settings that are measured", wholeNumber, 12)
    .option(
      "--try <plugin.option=list>",
      "values of an option, careful ones first, in place of the plugins' own; again for more",
      collect,
    )
    .option("-o, --out <file>", "the config that was found; a page goes beside it (default: tuned.json)");
  addSettings(tune, { strict: true })
    .addOption(threads)
    .addOption(cache)
    .addOption(json)
    .action(async (config, options) => (await import("./tune")).tune(config, options, session));

  const calibrate = program
    .command("calibrate")
    .description("find options of a plugin that depend on the model, and write the config with them")
    .argument("<config>", source)
    .requiredOption("--plugin <name>", "plugin that needs them: teacache, magcache")
    .addOption(prompts)
    .addOption(prompt)
    .addOption(seeds)
    .option("-o, --out <file>", "the config with what was found (default: calibrated.json)");
  addSettings(calibrate, { plugin: true, strict: true })
    .addOption(threads)
    .addOption(cache)
    .addOption(json)
    .action(async (config, options) => (await import("./calibrate")).calibrate(config, options, session));

  addSettings(
    program
      .command("validate")
      .description("check a config or a model, and say everything that is wrong with it")
      .argument("<config>", source),
  )
    .addOption(noPlugins)
    .addOption(json)
    .action(async (config, options) => (await import("./validate")).validate(config, options, session));

  addSettings(
    program
      .command("inspect")
      .description("show components, regions, segments, memory, and what plugins hook")
      .argument("<config>", source),
  )
    .addOption(noPlugins)
    .addOption(json)
    .action(async (config, options) => (await import("./inspect")).inspect(config, options, session));

  const quantize = program
    .command("quantize")
    .description("write a component's weights anew, smaller")
    .argument("<input>", "a config, a model's folder or file, or a component's")
    .requiredOption("--to <plugin>", "plugin that writes: gguf, svdquant")
    .option("--type <type>", "block type: Q4_K, Q8_0, ... (default: the plugin's, which is said)")
    .option(
      "--rule <pattern=type>",
      "another type for tensors by name, * for anything; the first that fits counts",
      collect,
    )
    .option("--importance <file>", "mean squares of the weights' inputs, which errors are weighed by")
    .option("--calibrate", "measure them while images are made")
    .option("--prompts <file>", "what images to calibrate with show: text file with a prompt, or a class, on each line")
    .option("-p, --prompt <text>", "what an image to calibrate with shows; again for more", collect)
    .option("--option <name=value>", "another option of the plugin", collect)
    .option("--component <name>", "which of the pipeline's (default: the model that draws)")
    .option("-o, --out <path>", "file or folder (default: the working directory)");
  addSettings(quantize, { pictures: true, plugin: true, strict: true })
    .addOption(json)
    .action(async (input, options) => (await import("./quantize")).quantize(input, options, session));

  program
    .command("recipe")
    .description("show how an image was made")
    .argument("<image>", "PNG, JPEG or WebP file that Skipstep wrote")
    .addOption(json)
    .action(async (image, options) => (await import("./recipe")).recipe(image, options, session));

  program
    .command("plugins")
    .description("list the plugins that a config in a folder could use")
    .argument("[folder]", "folder, or a config in it (default: the working directory)")
    .addOption(json)
    .action(async (folder, options) => (await import("./plugins")).plugins(folder, options, session));

  program
    .command("families")
    .description("list the models that can be drawn with, and what works with each")
    .argument("[folder]", "folder, or a config in it, whose plugins count (default: the working directory)")
    .addOption(json)
    .action(async (folder, options) => (await import("./families")).families(folder, options, session));

  program
    .command("schema")
    .description("print the JSON Schema of configs, the installed plugins' options included")
    .argument("[folder]", "folder, or a config in it (default: the working directory)")
    .option("-o, --out <file>", "write it there")
    .addOption(noPlugins)
    .action(async (folder, options) => (await import("./schema")).schema(folder, options, session));

  program
    .command("new")
    .description("begin a package of your own")
    .command("plugin")
    .description("write a package with a plugin that works, its test, build and README")
    .argument("<folder>", "a new folder; its name is the plugin's, without skipstep-plugin-")
    .option("--name <name>", "another name for the plugin")
    .addOption(json)
    .action(async (folder, options) => (await import("./new/new-plugin")).newPlugin(folder, options, session));

  const engines = program.command("engines").description("list, check or clear the compile cache");
  cacheOptions(
    engines.command("list", { isDefault: true }).description("list compiled engines (also without a word)"),
  ).action(async (options) => (await import("./engines")).list(options, session));
  cacheOptions(engines.command("clear").description("remove compiled engines; all without options")).action(
    async (options) => (await import("./engines")).clear(options, session),
  );
  engines
    .command("verify")
    .description("read all of the cache, and remove engines that are damaged")
    .option("--key <prefix>", "only the engine whose key begins so")
    .option("--cache <folder>", "another folder than SKIPSTEP_CACHE or the user's cache")
    .addOption(json)
    .action(async (options) => (await import("./engines")).verify(options, session));
  return program;
}

function cacheOptions(command: Command): Command {
  return command
    .option("--key <prefix>", "only the engine whose key begins so")
    .option("--older-than <age>", "only those not used for so long: 30d, 2w, 12h, 90m", age)
    .option("--cache <folder>", "another folder than SKIPSTEP_CACHE or the user's cache")
    .addOption(json);
}

function exitCodeLines(): string[] {
  return Object.entries(exitCodes).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`);
}
