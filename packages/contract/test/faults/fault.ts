import type { PluginClass } from "@skipstep/core/plugin";
import type { ContractOptions } from "../../src/index";
import type { SkipOptions } from "../skip-plugin";

/** A plugin that is wrong in one thing. */
export interface Fault {
  readonly name: string;
  readonly plugin: PluginClass<SkipOptions>;
  /** What its author tells the suite besides the usual. */
  readonly options?: Partial<ContractOptions<SkipOptions>>;
  /** The one check that must fail. */
  readonly fails: string;
  /** In its message. */
  readonly says: RegExp;
}
