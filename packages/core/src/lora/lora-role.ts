import type { LoraRole } from "./lora";

const roles: readonly (readonly [RegExp, LoraRole])[] = [
  [/\.lora_A(\.[^.]+)?\.weight$/, "down"], // with the adapter's name in between when PEFT itself saved it
  [/\.lora_B(\.[^.]+)?\.weight$/, "up"],
  [/\.lora_down\.weight$/, "down"],
  [/\.lora_up\.weight$/, "up"],
  [/\.lora_mid\.weight$/, "mid"],
  [/(\.lora|_lora|\.lora_linear_layer)\.down\.weight$/, "down"],
  [/(\.lora|_lora|\.lora_linear_layer)\.up\.weight$/, "up"],
  [/(\.lora|_lora|\.lora_linear_layer)?\.alpha$/, "alpha"],
];

/** What stands before a role, and the role. */
export function roleOf(key: string): { readonly module: string; readonly role: LoraRole } | undefined {
  for (const [pattern, role] of roles) {
    const found = pattern.exec(key);
    if (found) return { module: key.slice(0, found.index), role };
  }
  return undefined;
}

/** Parts of names by which updates of other kinds are known. */
const otherKinds: readonly (readonly [RegExp, string])[] = [
  [/\.(dora_scale|lora_magnitude_vector(\..+)?)$/, "a DoRA"],
  [/\.hada_[wt][12]/, "a LoHa"],
  [/\.lokr_[wt][12]/, "a LoKr"],
  [/\.oft_(blocks|diag|R)/, "an OFT"],
  [/\.(diff|diff_b|lora_B(\.[^.]+)?\.bias|lora_up\.bias|set_weight)$/, "a LoRA with full weights or biases"],
];

/** The kind of update that a tensor belongs to, where it is no LoRA's. */
export function otherKindOf(key: string): string | undefined {
  return otherKinds.find(([pattern]) => pattern.test(key))?.[1];
}
