import type { Quality } from "./quality";

/** `34.12 dB`, `equal` */
export function psnrText(psnr: number): string {
  return psnr === Number.POSITIVE_INFINITY ? "equal" : `${psnr.toFixed(2)} dB`;
}

/** PSNR, SSIM and GMSD, as columns of a table. */
export function qualityTexts({ psnr, ssim, gmsd }: Quality): string[] {
  return [psnrText(psnr), ssim.toFixed(4), gmsd.toFixed(4)];
}

/** `1.85 x` */
export function timesText(times: number): string {
  return `${times.toFixed(2)} x`;
}
