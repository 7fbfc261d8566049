import {
  type BlockCall,
  inject,
  type Next,
  type Plugin,
  PluginOptions,
  plugin,
  type Tensors,
} from "@skipstep/core/plugin";
import { cacheRegions, DBCache } from "./dbcache";
import { DBPrune, pruneRegions } from "./dbprune";
import { type CacheDitOptions, options } from "./options";
import { checkMask } from "./refreshed-memories";

/** The caches of https://github.com/vipshop/cache-dit (1.5), with its options. */
@plugin<CacheDitOptions>({
  name: "cache-dit",
  description: "Dual Block Cache: skips the blocks between the first and the last ones when the first barely changed.",
  options,
  decides: true,
  requires: ["block-list"],
  tunes: {
    residual_diff_threshold: { from: 0.01, to: 1, scale: "log" },
    max_continuous_cached_steps: { values: [1, 2, 3, 4, -1] },
    max_warmup_steps: { values: [8, 6, 4, 3, 2] },
    Fn_compute_blocks: { values: [8, 4, 2, 1] },
  },
  thresholds: ({ l1_hidden_states_diff_threshold, residual_diff_threshold }) => {
    const threshold = l1_hidden_states_diff_threshold ?? residual_diff_threshold;
    return { residual_diff: threshold, cfg_residual_diff: threshold };
  },
  regions: (structure, options) => {
    checkMask(options);
    return options.cache_type === "DBPrune" ? pruneRegions(structure, options) : cacheRegions(structure, options);
  },
})
export class CacheDit implements Plugin {
  private readonly method: DBCache | DBPrune;

  constructor(@inject(PluginOptions) options: CacheDitOptions) {
    this.method = options.cache_type === "DBPrune" ? new DBPrune(options) : new DBCache(options);
  }

  blockForward(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    return this.method.blockForward(call, inputs, next);
  }
}
