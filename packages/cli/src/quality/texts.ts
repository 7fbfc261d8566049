import type { Quality } from "./quality";

/** `34.12 dB`, `equal` */
export function psnrText(psnr: number): string {
  return psnr === Number.POSITIVE_INFINITY ? "equal" : `${psnr.toFixed(2)} dB`;
}

/** A measure with its name, as a column of a table. */
export interface Measure {
  readonly name: string;
  text(quality: Quality): string;
}

const always: readonly Measure[] = [
  { name: "PSNR", text: ({ psnr }) => psnrText(psnr) },
  { name: "SSIM", text: ({ ssim }) => ssim.toFixed(4) },
  { name: "GMSD", text: ({ gmsd }) => gmsd.toFixed(4) },
];

const withWeights: Measure = { name: "LPIPS", text: ({ lpips }) => lpips?.toFixed(4) ?? "" };

/** What was measured: PSNR, SSIM, GMSD, and LPIPS where that was. */
export function measures(qualities: readonly Quality[]): readonly Measure[] {
  return qualities.some(({ lpips }) => lpips !== undefined) ? [...always, withWeights] : always;
}

/** As columns of a table. */
export function qualityTexts(quality: Quality): string[] {
  return measures([quality]).map(({ text }) => text(quality));
}

/** `PSNR 34.12 dB, SSIM 0.9812, GMSD 0.0121` */
export function qualityLine(quality: Quality): string {
  return measures([quality])
    .map(({ name, text }) => `${name} ${text(quality)}`)
    .join(", ");
}

/** `1.85 x` */
export function timesText(times: number): string {
  return `${times.toFixed(2)} x`;
}
