import { dirname, join } from "node:path";
import type { GenerateConfig } from "@skipstep/core";

/** A call of the reference as a case's JSON file has it, in the form of the first sets or in that of the later ones. */
export interface Recorded extends Omit<GenerateConfig, "seed"> {
  /** The class that ran; what else stands beside `call` is then what became of it. In the first sets there is none. */
  readonly class_?: string;
  /** Arguments of the pipeline; emoji's stand beside it. */
  readonly call?: GenerateConfig;
  /** null where the noise was given. */
  readonly seed?: number | null;
  /** False where height and width are the result's and were not said. */
  readonly size_given?: boolean;
  /** Files beside the case that the reference was given as `image`. */
  readonly images?: readonly string[];
}

/** The settings that the reference was called with, but for its seed. @param file of the case */
export function settingsOf(
  { class_, call, seed: _, images, size_given, ...rest }: Recorded,
  file: string,
): GenerateConfig {
  if (class_ === undefined) return { ...rest, ...call };
  const { num_inference_steps, height, width }: GenerateConfig = rest;
  return {
    ...given({ num_inference_steps }),
    ...(size_given === false ? {} : given({ height, width })),
    ...(images ? { image: images.map((name) => join(dirname(file), name)) } : {}),
    ...call,
  };
}

function given<Settings extends object>(settings: Settings): { [Key in keyof Settings]: NonNullable<Settings[Key]> } {
  return settings as { [Key in keyof Settings]: NonNullable<Settings[Key]> };
}
