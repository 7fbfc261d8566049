import { SkipstepError } from "../errors/error";
import { hookFailed } from "../errors/plugins";
import type { Hooks, Region, Step, Tensors } from "../hooks";
import type { PluginHost } from "../plugins/host";
import type { Around } from "../program/program";
import { WorkMeter } from "../program/work-meter";
import type { RegionReceipt, RunReceipts } from "../report/receipts";
import { Account, currentAccount } from "../runtime/account";
import { guardOf } from "./guarded-latents";
import { NextOnce } from "./next-once";

/** Calls the hooks within passes of one generation, and keeps account of all run-time hooks: see `PassHooks`. */
export class RunHooks implements RunReceipts {
  readonly receipts: RegionReceipt[] = [];
  /** How many steps each plugin that is told of steps, or of values in them, was told of. */
  readonly watched = new Map<string, number>();
  readonly meter = new WorkMeter();
  /** What all plugins use of the runtime, and each of them. */
  readonly account = new Account();
  private readonly accounts = new Map<string, Account>();

  constructor(private readonly host: PluginHost) {}

  accountOf(plugin: string): Account {
    const account = this.accounts.get(plugin) ?? new Account(this.account);
    this.accounts.set(plugin, account);
    return account;
  }

  async beforeStep(step: Step): Promise<void> {
    for (const { name, instance } of this.host.plugins) {
      if (!instance.beforeStep) continue;
      await this.ask(name, "beforeStep", step, () => instance.beforeStep!(step));
      this.watch(name);
    }
  }

  /** What a program does with observed values after `step`'s pass. */
  observe(step: Step): (observed: Tensors) => Promise<void> {
    return async (observed) => {
      for (const { name, instance } of this.host.plugins) {
        if (!instance.observed) continue;
        await this.ask(name, "observed", step, () => instance.observed!(step, observed));
        if (!instance.beforeStep) this.watch(name);
      }
    };
  }

  /** What a program does at regions during `step`. */
  around(step: Step): Around {
    return async ({ plugin, order, region }, inputs, inside, workOf) => {
      const { instance } = this.host.plugins[order]!;
      if (!instance.blockForward) return (await inside(inputs)).outputs;
      const receipt = this.receipt(plugin, region);
      const work = workOf();
      receipt.flops += work.flops;
      const next = new NextOnce(plugin, "blockForward", `region "${region.name}"`, step, async (chosen: Tensors) => {
        const { outputs, seconds } = await inside(chosen);
        count(receipt, seconds());
        return outputs;
      });
      const call = {
        step,
        region,
        record: (numbers: Readonly<Record<string, number>>) => note(receipt, step, numbers),
      };
      const outputs = await this.ask(
        plugin,
        "blockForward",
        step,
        () => instance.blockForward!(call, inputs, next.run),
        next,
      );
      const computed = next.result;
      if (!computed) {
        receipt.reused.push(step.index);
        receipt.skipped.push(work);
      } else {
        receipt.computed.push(step.index);
        if (Object.keys(computed).some((name) => outputs?.[name] !== computed[name])) receipt.altered.push(step.index);
      }
      return outputs;
    };
  }

  /**
   * Runs a hook on its plugin's account, and looks whether it wrote into the latents.
   * @param next what it was given to call: an error that came out of it is not the plugin's
   */
  async ask<Result>(
    plugin: string,
    hook: keyof Hooks,
    step: Step,
    body: () => Result | Promise<Result>,
    next?: { readonly failure: unknown },
  ): Promise<Result> {
    let result: Result;
    try {
      result = await currentAccount.run(this.accountOf(plugin), async () => body());
    } catch (error) {
      throw (next?.failure !== undefined && error === next.failure) || isNoPlugins(error)
        ? error
        : hookFailed(plugin, hook, error);
    }
    guardOf(step)?.check(plugin, hook);
    return result;
  }

  /** A plugin was told of a step and changed nothing. */
  watch(plugin: string): void {
    this.watched.set(plugin, (this.watched.get(plugin) ?? 0) + 1);
  }

  /** The account of a region, or of a row of the report. */
  receipt(plugin: string, region: Region): RegionReceipt {
    const known = this.receipts.find(
      (receipt) =>
        receipt.plugin === plugin && receipt.region.name === region.name && receipt.region.index === region.index,
    );
    if (known) return known;
    const receipt: RegionReceipt = {
      plugin,
      region,
      computed: [],
      reused: [],
      altered: [],
      seconds: 0,
      flops: 0,
      skipped: [],
      offered: [],
      numbers: new Map(),
    };
    this.receipts.push(receipt);
    return receipt;
  }
}

/** Notes numbers under a step. */
export function note({ numbers }: RegionReceipt, { index }: Step, more: Readonly<Record<string, number>>): void {
  numbers.set(index, { ...numbers.get(index), ...more });
}

/** Adds seconds once they are known, which is before the step's prediction is. */
function count(receipt: RegionReceipt, seconds: Promise<number>): void {
  seconds.then(
    (spent) => {
      receipt.seconds += spent;
    },
    () => undefined, // thrown where the outputs are used
  );
}

/** Errors that a hook can meet and does not make: a model's run that failed shows where its outputs are used first. */
function isNoPlugins(error: unknown): boolean {
  const codes = ["HOOK_FAILED", "LATENTS_WRITTEN", "PLUGIN_OPTION", "PLUGIN_REQUIRES", "RUN_FAILED", "ENGINE_STOPPED"];
  return error instanceof SkipstepError && codes.some((code) => error.code === `SKIPSTEP_${code}`);
}
