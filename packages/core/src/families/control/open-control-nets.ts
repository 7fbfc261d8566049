import { controlNetsIn } from "../../loop/control-nets";
import { Denoiser, type DenoiserPass } from "../../loop/denoiser";
import type { Conditioning, FamilyParts, PassOptions } from "../../loop/family";
import type { Tensors } from "../../runtime/device-tensor";
import { add, copies } from "../../runtime/math";

/** The ControlNets of a pipeline, opened. */
export class OpenControlNets<Config, Condition> {
  readonly configs: readonly Config[];
  private readonly nets: readonly Denoiser[];

  constructor(parts: FamilyParts) {
    const names = controlNetsIn(Object.keys(parts.configs));
    this.configs = names.map((name) => parts.configs[name] as Config);
    this.nets = names.map((name) => new Denoiser(parts, name));
  }

  /**
   * Runs those that steer this step.
   * @param encoded the generation's own object @param conditions what each net is shown
   * @param passOf what a net is given @returns the sums of what they give, by name; nothing where none runs
   */
  async steer(
    encoded: Conditioning,
    conditions: readonly Condition[],
    { control = [], signal, meter, timetable }: PassOptions,
    passOf: (net: {
      readonly config: Config;
      readonly condition: Condition;
      readonly strength: number;
    }) => DenoiserPass,
  ): Promise<Tensors | undefined> {
    let sums: Tensors | undefined;
    for (const [i, net] of this.nets.entries()) {
      const strength = control[i] ?? 0;
      if (strength === 0) continue; // what it gives would be zeros
      const [config, condition] = [this.configs[i]!, conditions[i]!];
      const outputs = await net.outputs(encoded, passOf({ config, condition, strength }), { signal, meter, timetable });
      sums = sums ? await sumsOf(sums, outputs) : outputs;
    }
    return sums;
  }
}

/** For a pass of both guidance branches: what was made for the prompt's, multiplied for each branch. */
export async function forBranches(made: Tensors, factors: readonly [cond: number, uncond: number]): Promise<Tensors> {
  const both = Object.entries(made).map(async ([name, tensor]) => [name, await copies(tensor, factors)] as const);
  return Object.fromEntries(await Promise.all(both));
}

async function sumsOf(a: Tensors, b: Tensors): Promise<Tensors> {
  const sums = Object.entries(a).map(async ([name, tensor]) => [name, await add(tensor, b[name]!)] as const);
  return Object.fromEntries(await Promise.all(sums));
}
