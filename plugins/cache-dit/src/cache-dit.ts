import { type BlockCall, inject, type Next, type Plugin, PluginOptions, plugin, type Tensors } from "@skipstep/core";
import { cacheRegions, DBCache } from "./dbcache";
import { DBPrune, pruneRegions } from "./dbprune";
import { type CacheDitOptions, options } from "./options";
import { checkMask } from "./run-memories";

/** The caches of https://github.com/vipshop/cache-dit (1.5), with its options. */
@plugin<CacheDitOptions>({
  name: "cache-dit",
  description: "Dual Block Cache: skips the blocks between the first and the last ones when the first barely changed.",
  options,
  decides: true,
  requires: ["block-list"],
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
