import {
  type CheckedConfig,
  type GenerateConfig,
  imagesSettingOf,
  planFromPictures,
  planImages,
  subjectOf,
} from "@skipstep/core";

/** What one image shows, and its seed. */
export interface Motif {
  /** A text, or a class by number or name. */
  readonly subject: string | number;
  readonly seed: number;
  /** The same as `generate` takes it. */
  readonly request: GenerateConfig;
}

/**
 * Every subject with every seed, one image each.
 * @param seeds the config's own when left out; drawn where it has none
 * @throws SKIPSTEP_REQUEST_INVALID when the config's model cannot draw one of them
 */
export async function motifsOf(
  config: CheckedConfig,
  subjects: readonly Motif["subject"][],
  seeds: readonly number[] = [],
): Promise<Motif[]> {
  const own = seeds.length > 0 ? seeds : [planImages(config, requestOf(config, subjects[0]!)).seed];
  const motifs = subjects.flatMap((subject) =>
    own.map((seed): Motif => ({ subject, seed, request: { ...requestOf(config, subject), seed } })),
  );
  for (const { request } of motifs) planImages(config, request);
  await planFromPictures(config, motifs[0]!.request);
  return motifs;
}

/** Of one subject; one image, also where the config asks for several. */
export function requestOf(config: CheckedConfig, subject: Motif["subject"]): GenerateConfig {
  const { setting } = subjectOf(config) ?? {};
  const images = imagesSettingOf(config);
  return {
    ...(setting === undefined ? {} : { [setting]: setting === "prompt" ? String(subject) : [subject] }),
    ...(config.config.generate[images] === undefined ? {} : { [images]: 1 }),
  };
}

/** `red heart, seed 42` */
export function motifText({ subject, seed }: Motif): string {
  const text = typeof subject === "number" ? `class ${subject}` : subject || '""';
  return `${text}, seed ${seed}`;
}
