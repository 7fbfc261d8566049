/** Lines of a report that tell of guidance which was asked for in part. */

export function negativePromptUnused(trueCfgScale: number): string {
  return `The negative prompt had no effect: it is followed when true_cfg_scale is above 1, and it is ${trueCfgScale}.`;
}

export function trueCfgScaleUnused(trueCfgScale: number): string {
  return `true_cfg_scale ${trueCfgScale} had no effect: it guides away from a negative_prompt, and none was given. An empty one will do.`;
}
