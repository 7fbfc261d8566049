/** A line of a report that tells of guidance which was asked for and not given. */
export function guidanceUnused(guidanceScale: number): string {
  return `guidance_scale ${guidanceScale} had no effect: this model was distilled to draw without guidance ("is_distilled" in model_index.json).`;
}
