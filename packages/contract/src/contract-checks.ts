import type { PluginClass } from "@skipstep/core/plugin";
import { bindChecks, type Check, type CheckDefinition } from "./check";
import { activeChecks } from "./checks/active";
import { batchChecks } from "./checks/batch";
import { concurrencyChecks } from "./checks/concurrency";
import { controlChecks } from "./checks/control";
import { exactChecks } from "./checks/exact";
import { guidanceChecks } from "./checks/guidance";
import { interruptionChecks } from "./checks/interruption";
import { manifestChecks } from "./checks/manifest";
import { memoryChecks } from "./checks/memory";
import { modelChecks } from "./checks/model";
import { neighbourChecks } from "./checks/neighbours";
import { sequenceChecks } from "./checks/sequence";
import type { ContractOptions } from "./contract-options";
import { PluginUnderTest } from "./plugin-under-test";

const definitions: readonly CheckDefinition[] = [
  ...manifestChecks,
  ...modelChecks,
  ...exactChecks,
  ...activeChecks,
  ...sequenceChecks,
  ...neighbourChecks,
  ...batchChecks,
  ...guidanceChecks,
  ...controlChecks,
  ...concurrencyChecks,
  ...interruptionChecks,
  ...memoryChecks,
];

/** The statements about one plugin. */
export interface Contract {
  /** The plugin's name. */
  readonly name: string;
  /** In the order in which they are to be read: later ones build on earlier ones. */
  readonly checks: readonly Check[];
  /** Closes the pipelines that were opened, and removes their files. */
  close(): Promise<void>;
}

/** The contract without a test runner. */
export function contractChecks<Options>(plugin: PluginClass<Options>, options: ContractOptions<Options>): Contract {
  const tried = new PluginUnderTest(plugin as PluginClass, options as ContractOptions<object>);
  return { name: tried.name, checks: bindChecks(definitions, tried), close: () => tried.close() };
}
