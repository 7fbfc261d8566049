import { expect, it } from "vitest";
import { type TransformerMethods, TransformerPipeline } from "../src/families/transformers/pipeline";
import type { FamilyParts } from "../src/loop/family";

it("refuses a transformer whose output is neither the noise nor noise and variance", () => {
  const open = (out_channels: number | null): TransformerPipeline => {
    const configs = { transformer: { in_channels: 4, out_channels }, vae: {} };
    const checkpoint = { component: () => ({ className: "DiTTransformer2DModel" }) };
    return new TransformerPipeline({ configs, checkpoint } as unknown as FamilyParts, {} as TransformerMethods);
  };
  for (const channels of [4, 8, null]) expect(() => open(channels)).not.toThrow();
  expect(() => open(12)).toThrow(/"out_channels" must be 4 or 8, once or twice "in_channels", found 12/);
});
