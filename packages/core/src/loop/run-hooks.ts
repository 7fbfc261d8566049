import { SkipstepError } from "../errors/error";
import { hookFailed, nextTwice } from "../errors/plugins";
import type { Region, Step, Tensors } from "../hooks";
import type { PluginHost } from "../plugins/host";
import type { Around } from "../program/program";
import { WorkMeter } from "../program/work-meter";
import type { RegionReceipt, RunReceipts } from "../report/receipts";
import { Account, currentAccount } from "../runtime/account";
import { guardOf } from "./guarded-latents";

/** Calls the run-time hooks of one generation and keeps account of them. */
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
      try {
        await this.runFor(name, async () => instance.beforeStep!(step));
      } catch (error) {
        throw hookFailed(name, "beforeStep", error);
      }
      guardOf(step)?.check(name, "beforeStep");
      this.watched.set(name, (this.watched.get(name) ?? 0) + 1);
    }
  }

  /** What a program does with observed values after `step`'s pass. */
  observe(step: Step): (observed: Tensors) => Promise<void> {
    return async (observed) => {
      for (const { name, instance } of this.host.plugins) {
        if (!instance.observed) continue;
        try {
          await this.runFor(name, async () => instance.observed!(step, observed));
        } catch (error) {
          throw isNoPlugins(error) ? error : hookFailed(name, "observed", error);
        }
        guardOf(step)?.check(name, "observed");
        if (!instance.beforeStep) this.watched.set(name, (this.watched.get(name) ?? 0) + 1);
      }
    };
  }

  /** What a program does at regions during `step`. */
  around(step: Step): Around {
    return async ({ plugin, order, region }, inputs, next, workOf) => {
      const { instance } = this.host.plugins[order]!;
      if (!instance.blockForward) return (await next(inputs)).outputs;
      const receipt = this.receipt(plugin, region);
      const work = workOf();
      receipt.flops += work.flops;
      let called = false;
      let computed: Tensors | undefined;
      let failed: unknown;
      const guardedNext = async (chosen: Tensors): Promise<Tensors> => {
        if (called) throw nextTwice(plugin, region.name);
        called = true;
        guardOf(step)?.check(plugin, "blockForward"); // before what others do inside
        try {
          const { outputs, seconds } = await next(chosen);
          count(receipt, seconds());
          computed = outputs;
          return outputs;
        } catch (error) {
          failed = error; // not the plugin's fault
          throw error;
        }
      };
      const record = (numbers: Readonly<Record<string, number>>): void => {
        receipt.numbers.set(step.index, { ...receipt.numbers.get(step.index), ...numbers });
      };
      let outputs: Tensors;
      try {
        const call = { step, region, record };
        outputs = await this.runFor(plugin, async () => instance.blockForward!(call, inputs, guardedNext));
      } catch (error) {
        throw error === failed || isNoPlugins(error) ? error : hookFailed(plugin, "blockForward", error);
      }
      guardOf(step)?.check(plugin, "blockForward");
      if (!computed) {
        receipt.reused.push(step.index);
        receipt.skipped.push(work);
      } else {
        receipt.computed.push(step.index);
        const made = computed;
        if (Object.keys(made).some((name) => outputs?.[name] !== made[name])) receipt.altered.push(step.index);
      }
      return outputs;
    };
  }

  /** On the plugin's account. */
  private runFor<Result>(plugin: string, hook: () => Promise<Result>): Promise<Result> {
    return currentAccount.run(this.accountOf(plugin), hook);
  }

  private receipt(plugin: string, region: Region): RegionReceipt {
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
      numbers: new Map(),
    };
    this.receipts.push(receipt);
    return receipt;
  }
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
  const codes = ["HOOK_FAILED", "LATENTS_WRITTEN", "PLUGIN_OPTION", "RUN_FAILED", "ENGINE_STOPPED"];
  return error instanceof SkipstepError && codes.some((code) => error.code === `SKIPSTEP_${code}`);
}
