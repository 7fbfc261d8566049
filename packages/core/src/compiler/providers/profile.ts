import type { Node, Value } from "../../graph/value";
import type { HalfType } from "../../tensor";
import { halfOperators } from "./half-operators";
import { StandIn } from "./stand-in";
import { webgpuRules } from "./webgpu";

/** What a provider's kernels were seen to do at the start, where that decides a form. */
export interface KernelFacts {
  /** Whether the fused attention gives what the CPU's gives, for more keys than a subgroup has threads. */
  readonly fusedAttention: boolean;
}

/** How one operator is emitted on a provider: `undefined` where the node may stay as it is. */
export type Rule = (node: Node, g: StandIn, facts: KernelFacts) => Value | undefined;

/**
 * How operators compute in 16 bits: wherever they stand, where all that they read is of 16 bits, or the first of it.
 * Others compute in float32.
 */
export type HalfOperators = Readonly<Record<string, "computes" | "follows" | "follows-first">>;

/** What a provider needs in another form than the CPU, and its types. */
export interface ProviderProfile {
  /** By operator. */
  readonly rules: Readonly<Record<string, Rule>>;
  /** Types of 16 bits that weights may be stored in. */
  readonly halves: readonly HalfType[];
  /** What it computes in them; without it they are cast to float32 when they are read. */
  readonly halfOperators?: HalfOperators;
}

const profiles: Readonly<Record<string, ProviderProfile>> = {
  cpu: { rules: {}, halves: ["float16", "bfloat16"] },
  webgpu: { rules: webgpuRules, halves: ["float16"], halfOperators },
};

/** Of cuda, directml and coreml, as far as their documentation goes. */
const other: ProviderProfile = { rules: {}, halves: ["float16"], halfOperators };

/** @param device a provider, or one of its devices: `webgpu`, `cuda:1` */
export function profileOf(device: string): ProviderProfile {
  return profiles[device.split(":")[0]!] ?? other;
}

/** What stands in on a provider for each node of one graph; the values that come out keep their names. */
export function lowerFor({ rules }: ProviderProfile, facts: KernelFacts): (node: Node) => readonly Node[] {
  const initializers = new Map<string, Value>();
  return (node) => {
    const rule = rules[node.op];
    if (!rule) return [node];
    const standIn = new StandIn(node, initializers);
    const result = rule(node, standIn, facts);
    return result ? standIn.finish(result) : [node];
  };
}
