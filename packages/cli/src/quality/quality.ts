import type { Image } from "@skipstep/core";
import { gmsd } from "./gmsd";
import { highestPsnr, psnr } from "./psnr";
import { ssim } from "./ssim";

/** How close an image is to another. */
export interface Quality {
  /** dB; infinite for equal images. */
  readonly psnr: number;
  /** 1 for equal images. */
  readonly ssim: number;
  /** 0 for equal images. */
  readonly gmsd: number;
  /** 0 for equal images; where somebody gave the network's weights. */
  readonly lpips?: number;
}

export function qualityOf(image: Image, reference: Image): Quality {
  return { psnr: psnr(image, reference), ssim: ssim(image, reference), gmsd: gmsd(image, reference) };
}

/**
 * Means over images of one size. Of an equal image the PSNR counts as the highest that an unequal one can have, so that
 * one such image does not make the mean infinite.
 */
export function meanQuality(qualities: readonly Quality[], image: Pick<Image, "data">): Quality {
  const mean = (of: (quality: Quality) => number): number =>
    qualities.reduce((sum, quality) => sum + of(quality), 0) / qualities.length;
  const areEqual = qualities.every((quality) => quality.psnr === Number.POSITIVE_INFINITY);
  const highest = highestPsnr(image);
  return {
    psnr: areEqual ? Number.POSITIVE_INFINITY : mean((quality) => Math.min(quality.psnr, highest)),
    ssim: mean((quality) => quality.ssim),
    gmsd: mean((quality) => quality.gmsd),
    ...(qualities.every(({ lpips }) => lpips !== undefined) ? { lpips: mean(({ lpips = 0 }) => lpips) } : {}),
  };
}

/** The place of what is furthest: by LPIPS where it was measured, which is closest to what people see, else by PSNR. */
export function worstOf(qualities: readonly Quality[]): number | undefined {
  const distance = ({ psnr: decibels, lpips = -decibels }: Quality): number => lpips;
  const worst = qualities.reduce((at, quality, i) => (distance(quality) > distance(qualities[at]!) ? i : at), 0);
  return qualities.length === 0 || qualities[worst]!.psnr === Number.POSITIVE_INFINITY ? undefined : worst;
}
