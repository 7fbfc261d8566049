import { type CheckedConfig, type ConfigInput, type Override, SkipstepError, validateConfig } from "@skipstep/core";
import { smallAddress } from "../page/picture";
import { Contender, type ContenderOptions } from "../render/contender";
import type { Drawing } from "../render/drawing";
import { drawInTurns } from "../render/in-turns";
import type { Motif } from "../render/motif";
import type { Knob } from "./knob";
import { overridesAt, type Position } from "./setting";
import { type Trial, trialOf } from "./trial";

export interface ArenaOptions {
  /** The config, and what is said over it. */
  readonly input: string | ConfigInput;
  readonly set: readonly (string | Override)[];
  readonly knobs: readonly Knob[];
  readonly motifs: readonly Motif[];
  /** Most trials that there will be. */
  readonly trials: number;
  readonly drawing: ContenderOptions;
}

/** What was drawn without plugins, and with what. */
export interface Evidence {
  /** By motif, as addresses of `img`s. */
  readonly plain: readonly string[];
  /** Of everything that an image depends on, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Measures settings of a config against the same config without plugins, which stays open all the while. */
export class Arena {
  private plainPictures: readonly string[] = [];
  private versions: Readonly<Record<string, string>> = {};

  private constructor(
    private readonly plain: Contender,
    private readonly options: ArenaOptions,
  ) {}

  static async open(options: ArenaOptions): Promise<Arena> {
    const overrides = [...options.set, { path: ["plugins"], value: [] }];
    const plain = await Contender.open(await validateConfig(options.input, { overrides }), options.drawing);
    const arena = new Arena(plain, options);
    try {
      await plain.draw(options.motifs[0]!, "first"); // first runs are slower
      return arena;
    } catch (error) {
      await arena.close();
      throw error;
    }
  }

  /**
   * @param number of the trial, from 1
   * @returns `undefined` where a plugin says that its options do not fit this model
   */
  async measure(position: Position, number: number): Promise<Trial | undefined> {
    const { motifs, trials, drawing } = this.options;
    try {
      const contender = await Contender.open(await this.configAt(position), drawing);
      try {
        await contender.draw(motifs[0]!, `${number}/${trials}`);
        const rounds = await drawInTurns([this.plain, contender], motifs, `${number}/${trials}`);
        await this.note(rounds);
        return await trialOf(position, rounds);
      } finally {
        await contender.close();
      }
    } catch (error) {
      if (error instanceof SkipstepError && error.code === "SKIPSTEP_PLUGIN_OPTION") return undefined;
      throw error;
    }
  }

  /** What the page shows besides the trials. */
  get evidence(): Evidence {
    return { plain: this.plainPictures, versions: this.versions };
  }

  /** @param rounds drawings without and with plugins, by motif */
  private async note(rounds: readonly (readonly Drawing[])[]): Promise<void> {
    this.versions = rounds[0]!.at(-1)!.recipe.versions;
    if (this.plainPictures.length > 0) return;
    this.plainPictures = await Promise.all(rounds.map(([plain]) => smallAddress(plain!.image)));
  }

  /** Not strict: at a careful setting a plugin may well have no effect. */
  private configAt(position: Position): Promise<CheckedConfig> {
    const { input, set, knobs } = this.options;
    const overrides = [...set, { path: ["strict"], value: false }, ...overridesAt(knobs, position)];
    return validateConfig(input, { overrides });
  }

  close(): Promise<void> {
    return this.plain.close();
  }
}
