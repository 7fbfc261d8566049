export type { Check } from "./check";
export { type Contract, contractChecks } from "./contract-checks";
export type { ActiveOptions, ContractOptions, ExactOptions, ModelOptions } from "./contract-options";
export { describePlugin } from "./describe-plugin";
