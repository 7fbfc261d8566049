import { type Command, Option } from "commander";

/** Names that other tools have for a flag, which are understood and not listed. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  steps: ["--num-inference-steps <number>"],
  guidance: ["--guidance-scale <number>", "--cfg-scale <number>"],
  trueGuidance: ["--true-cfg-scale <number>"],
};

const numbers = [
  new Option("--steps <number>", "denoising steps"),
  new Option("-W, --width <pixels>", "width of the image"),
  new Option("-H, --height <pixels>", "height of the image"),
  new Option("--guidance <number>", "how strongly the prompt is followed"),
  new Option("--true-guidance <number>", "the same by a second pass, for models whose guidance is an input"),
  new Option("--strength <share>", "how much of the image to begin with is drawn anew, 0 to 1"),
].map((option) => option.argParser(numberOrText));

const pictures = [
  new Option("-i, --image <file>", "what to begin with, or to look at; again for more to look at").argParser(collect),
  new Option("--mask <file>", "what of the image to paint anew: what is white in it"),
];

const negative = new Option("-n, --negative-prompt <text>", "what it must not show").argParser(collect);

const modelOptions = [
  new Option("--scheduler <class>", "another scheduler: EulerDiscreteScheduler, UniPCMultistepScheduler, ..."),
  new Option("--device <name>", "where the model runs: cpu, cuda, webgpu, dml, coreml"),
  new Option("--dtype <type>", "what weights are stored in: float32, float16, bfloat16"),
  new Option("--memory <mode>", "when weights are in memory: resident, component, sequential"),
];

const pluginOption = new Option(
  "--plugin <name>",
  "a plugin in place of the config's, with options: fbcache:threshold=0.1; again for more",
).argParser(collect);

const strict = new Option("--strict", "fail when a plugin has no effect, before drawing where that is known");
const set = new Option("--set <path=value>", "another value for the config: generate.seed=7").argParser(collect);

/** Which flags a command has not got. */
interface Without {
  readonly pictures?: true;
  /** Where the config's plugins are what matters, or `--plugin` means another thing. */
  readonly plugin?: true;
  readonly strict?: true;
}

/** Adds the flags that say something over a config. They mean the same in every command. */
export function addSettings(command: Command, without: Without = {}): Command {
  const listed = [
    ...numbers,
    ...(without.pictures ? [] : pictures),
    negative,
    ...modelOptions,
    ...(without.plugin ? [] : [pluginOption]),
    set,
    ...(without.strict ? [] : [strict]),
  ];
  const others = Object.entries(otherNames).flatMap(([name, flags]) =>
    flags.map((flag) =>
      Object.assign(new Option(flag).hideHelp().argParser(numberOrText), { attributeName: () => name }),
    ),
  );
  for (const option of [...listed, ...others]) command.addOption(option);
  return command;
}

/** Again for more. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** The number, or the text where it is none: the config's schema tells what a setting may be. */
export function numberOrText(text: string): number | string {
  return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
}
