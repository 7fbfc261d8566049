import { expect, it } from "vitest";
import { type TransformerMethods, TransformerPipeline } from "../src/families/transformers/pipeline";
import type { FamilyParts } from "../src/loop/family";
import type { Settings } from "../src/loop/settings";

const open = (out_channels: number | null, methods: Partial<TransformerMethods> = {}): TransformerPipeline => {
  const configs = { transformer: { in_channels: 4, out_channels }, vae: {} };
  const checkpoint = { component: () => ({ className: "DiTTransformer2DModel" }) };
  return new TransformerPipeline({ configs, checkpoint } as unknown as FamilyParts, methods as TransformerMethods);
};

it("brings an image to begin with to the size that is drawn at, where that is another", () => {
  const size = () => ({ height: 512, width: 1024 });
  const { imageToImage } = open(4, { firstStep: () => 0, size });
  expect(imageToImage?.size?.({} as Settings)).toEqual({ height: 512, width: 1024 });
  expect(open(4, { firstStep: () => 0 }).imageToImage?.size).toBeUndefined();
  expect(open(4, { size }).imageToImage).toBeUndefined();
});

it("refuses a transformer whose output is neither the noise nor noise and variance", () => {
  for (const channels of [4, 8, null]) expect(() => open(channels)).not.toThrow();
  expect(() => open(12)).toThrow(/"out_channels" must be 4 or 8, once or twice "in_channels", found 12/);
});
