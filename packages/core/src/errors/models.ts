import { SkipstepError } from "./error";

/**
 * A component's config.json asks for something that the model file does not build.
 * @param problems one phrase each: `"act_fn" must be "silu", found "mish"`
 */
export function modelOptions(className: string, problems: readonly string[]): SkipstepError {
  const text = problems.join("; ");
  return new SkipstepError(
    "SKIPSTEP_MODEL_OPTION",
    `config.json of ${className}: ${text}${text.endsWith("?") ? "" : "."} Use a checkpoint with supported options, or mend the file.`,
  );
}

/**
 * Latents are larger than the model's positions.
 * @param size rows and columns @param most that each may have
 */
export function latentsTooLarge(size: readonly [number, number], most: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_LATENTS_TOO_LARGE",
    `Latents of ${size.join(" x ")} are larger than the model's positions, which reach ${most} x ${most}. Make a smaller image.`,
  );
}
