import { branchesUnknown } from "../errors/plugins";
import type { GuidanceBranch, GuidanceCall, Guided, Predictions, Run, Step } from "../hooks";
import type { LoadedPlugin, PluginHost } from "../plugins/host";
import { guidanceRow, latentsRow, predictionsRow } from "../report/receipts";
import { currentAccount } from "../runtime/account";
import type { Floats } from "../tensor";
import { checkGuided, checkLatents, checkPredictions } from "./check-hook-results";
import { GuardedLatents } from "./guarded-latents";
import { NextOnce } from "./next-once";
import { note, type RunHooks } from "./run-hooks";

type Branches = readonly GuidanceBranch[];

/** Calls the run-time hooks around and between the passes of one generation: `guidance`, `predict`, `afterStep`. */
export class PassHooks {
  private readonly plugins: readonly LoadedPlugin[];

  /** @param hooks which keeps account @param separate one pass a guidance branch instead of one batch */
  constructor(
    host: PluginHost,
    private readonly hooks: RunHooks,
    private readonly separate: boolean,
  ) {
    this.plugins = host.plugins;
  }

  /** One guided step, with the plugins around it. @param run runs branches and combines them */
  guidance(call: Omit<GuidanceCall, "record">, run: (branches: Branches) => Promise<Guided>): Promise<Guided> {
    const { step, shape } = call;
    const wrapped = this.plugins.filter(({ instance }) => instance.guidance);
    const arrive = async (at: number, branches: Branches): Promise<Guided> => {
      const plugin = wrapped[at];
      if (!plugin) return currentAccount.run(undefined, () => run(branches));
      const { name, instance } = plugin;
      const receipt = this.hooks.receipt(name, guidanceRow);
      let asked: Branches = [];
      const next = new NextOnce(name, "guidance", "guidance", step, async (chosen: Branches) => {
        const known = Array.isArray(chosen) && chosen.length > 0 && chosen.every((branch) => branches.includes(branch));
        if (!known) throw branchesUnknown(name, JSON.stringify(chosen), branches);
        asked = branches.filter((branch) => chosen.includes(branch));
        return arrive(at + 1, asked);
      });
      const record: GuidanceCall["record"] = (numbers) => note(receipt, step, numbers);
      const given = { ...call, record };
      const guided = await this.hooks.ask(
        name,
        "guidance",
        step,
        () => instance.guidance!(given, branches, next.run),
        next,
      );
      checkGuided(name, guided, shape);
      const work = { passes: this.passesOf(branches), instead: this.passesOf(asked) };
      receipt.offered.push({ passes: work.passes });
      if (asked.length === branches.length) receipt.computed.push(step.index);
      else {
        receipt.reused.push(step.index);
        receipt.skipped.push(work);
      }
      if (guided !== next.result && !(next.result && isSame(guided, next.result))) receipt.altered.push(step.index);
      return guided;
    };
    return arrive(0, ["cond", "uncond"]);
  }

  /** One call of the denoiser, with the plugins around it. @param run the call itself, and the hooks within it */
  predict(
    step: Step,
    branches: Branches,
    input: Floats,
    run: (input: Floats) => Promise<Predictions>,
  ): Promise<Predictions> {
    const wrapped = this.plugins.filter(({ instance }) => instance.predict);
    const arrive = async (at: number, seen: Floats): Promise<Predictions> => {
      const plugin = wrapped[at];
      if (!plugin) return currentAccount.run(undefined, () => run(seen));
      const { name, instance } = plugin;
      const receipt = this.hooks.receipt(name, predictionsRow);
      const guard = new GuardedLatents(seen, "input");
      let seconds = 0;
      const next = new NextOnce(name, "predict", "predict", step, async (given: Floats) => {
        checkLatents(name, "predict", "what next() is called with", given, seen.shape);
        const start = performance.now();
        const predicted = await arrive(at + 1, given);
        seconds = (performance.now() - start) / 1000;
        return predicted;
      });
      const call = {
        step,
        branches,
        record: (numbers: Readonly<Record<string, number>>) => note(receipt, step, numbers),
      };
      const predicted = await this.hooks.ask(
        name,
        "predict",
        step,
        () => instance.predict!(call, guard.look(), next.run),
        next,
      );
      guard.check(name, "predict");
      checkPredictions(name, predicted, branches, seen.shape);
      const work = { passes: [step.run.branch] };
      receipt.offered.push(work);
      receipt.seconds += seconds;
      const { result } = next;
      if (!result) {
        receipt.reused.push(step.index);
        receipt.skipped.push(work);
      } else {
        receipt.computed.push(step.index);
        if (branches.some((branch) => predicted[branch] !== result[branch])) receipt.altered.push(step.index);
      }
      return predicted;
    };
    return arrive(0, input);
  }

  /** Shows the plugins what the scheduler made. @returns the latents to go on with */
  async afterStep(step: Step, latents: Floats): Promise<Floats> {
    let current = latents;
    for (const { name, instance } of this.plugins) {
      if (!instance.afterStep) continue;
      const guard = new GuardedLatents(current, "latents");
      const given = await this.hooks.ask(name, "afterStep", step, () => instance.afterStep!(step, guard.look()));
      guard.check(name, "afterStep");
      if (!given || given === guard.look()) {
        if (!instance.beforeStep && !instance.observed) this.hooks.watch(name);
        continue;
      }
      checkLatents(name, "afterStep", "latents", given, current.shape);
      this.hooks.receipt(name, latentsRow).altered.push(step.index);
      current = { ...given, data: given.data.slice() }; // what it goes on to do with its own is its business
    }
    return current;
  }

  private passesOf(branches: Branches): readonly Run["branch"][] {
    return branches.length === 2 && !this.separate ? ["batch"] : branches;
  }
}

function isSame(a: Guided, b: Guided): boolean {
  return a.prediction === b.prediction && a.cond === b.cond && a.uncond === b.uncond;
}
