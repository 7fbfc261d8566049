import type { Float32Part } from "../../architecture/float32-part";

/** What a stream that runs through all blocks is added up from, and the stream with it. @param blocks their scopes */
export function residualStream(blocks: RegExp, reason: string): Float32Part {
  return { scopes: blocks, operators: ["Add", "Mul"], reason };
}

/** Products of matrices by the names of their weights. */
export function products(weights: RegExp, reason: string): Float32Part {
  return { scopes: /^/, weights, reason };
}

/** A gated feed forward's product, and the layer that reads it. @param feedForward its scope @param weight the layer's */
export function gatedProduct(feedForward: RegExp, weight: RegExp, reason: string): readonly Float32Part[] {
  return [{ scopes: feedForward, operators: ["Mul"], reason }, products(weight, reason)];
}

/** A whole model. */
export function everything(reason: string): Float32Part {
  return { scopes: /^/, reason };
}
