import type { Node, Value } from "../../graph/value";
import { StandIn } from "./stand-in";
import { webgpuRules } from "./webgpu";

/** What a provider's kernels were seen to do at the start, where that decides a form. */
export interface KernelFacts {
  /** Whether the fused attention gives what the CPU's gives, for more keys than a subgroup has threads. */
  readonly fusedAttention: boolean;
}

/** How one operator is emitted on a provider: `undefined` where the node may stay as it is. */
export type Rule = (node: Node, g: StandIn, facts: KernelFacts) => Value | undefined;

/** What a provider needs in another form than the CPU. */
export interface ProviderProfile {
  /** By operator. */
  readonly rules: Readonly<Record<string, Rule>>;
}

const profiles: Readonly<Record<string, ProviderProfile>> = { webgpu: { rules: webgpuRules } };

/** @param device a provider, or one of its devices: `webgpu`, `cuda:1` */
export function profileOf(device: string): ProviderProfile | undefined {
  return profiles[device.split(":")[0]!];
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
