import { hookFailed } from "../errors/plugins";
import type { BuildHooks } from "../graph/build-hooks";
import type { PluginHost } from "../plugins/host";

/** What one plugin answered while graphs were built. */
export interface BuildReceipt {
  readonly plugin: string;
  weights: number;
  /** Bytes of those weights as float32, and as the plugin stores them. */
  floatBytes: number;
  storedBytes: number;
  attentions: number;
  /** Storage forms with the number of weights: `{ nf4: 140 }`. */
  readonly forms: Record<string, number>;
}

/** Asks the plugins in the config's order; the first answer wins and is written down. */
export class BuildHookRunner implements BuildHooks {
  readonly receipts: readonly BuildReceipt[];

  constructor(private readonly host: PluginHost) {
    this.receipts = host.plugins.map(({ name }) => ({
      plugin: name,
      weights: 0,
      floatBytes: 0,
      storedBytes: 0,
      attentions: 0,
      forms: {},
    }));
  }

  weightLoad: BuildHooks["weightLoad"] = (weight, graph) => {
    for (const [i, { name, instance }] of this.host.plugins.entries()) {
      const form = guarded(name, "weightLoad", () => instance.weightLoad?.(weight, graph));
      if (!form) continue;
      const receipt = this.receipts[i]!;
      receipt.weights++;
      receipt.floatBytes += weight.shape.reduce((size, dim) => size * dim, 4);
      receipt.storedBytes += form.byteLength;
      receipt.forms[form.form] = (receipt.forms[form.form] ?? 0) + 1;
      return form;
    }
    return undefined;
  };

  attention: BuildHooks["attention"] = (inputs, graph) => {
    for (const [i, { name, instance }] of this.host.plugins.entries()) {
      const value = guarded(name, "attention", () => instance.attention?.(inputs, graph));
      if (!value) continue;
      this.receipts[i]!.attentions++;
      return value;
    }
    return undefined;
  };
}

/** For components that no plugin touches. */
export const noHooks: BuildHooks = { weightLoad: () => undefined, attention: () => undefined };

function guarded<Result>(plugin: string, hook: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw hookFailed(plugin, hook, error);
  }
}
