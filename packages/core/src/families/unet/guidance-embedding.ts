import { type Floats, floats } from "../../tensor";

/**
 * Guidance strength as an input of distilled models, https://arxiv.org/abs/2310.04378, section 4.3. Rounded to float32
 * as the reference does: angles go up to thousands.
 * @param guidance how far beyond the prompt's own prediction, 0 for no guidance
 * @param width of the embedding
 * @returns `[batch, width]`
 */
export function guidanceEmbedding(guidance: number, width: number, batch: number): Floats {
  const half = Math.floor(width / 2);
  const step = Math.fround(Math.fround(Math.log(10_000)) / (half - 1));
  const strength = Math.fround(Math.fround(guidance) * 1000);
  const row = new Float32Array(width);
  for (let i = 0; i < half; i++) {
    const angle = Math.fround(strength * Math.fround(Math.exp(Math.fround(-i * step))));
    row[i] = Math.sin(angle);
    row[half + i] = Math.cos(angle);
  }
  const result = floats([batch, width]);
  for (let item = 0; item < batch; item++) result.data.set(row, item * width);
  return result;
}
