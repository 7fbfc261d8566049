import type { Image } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { gmsd } from "../src/quality/gmsd";
import { highestPsnr, psnr } from "../src/quality/psnr";
import { meanQuality, qualityOf } from "../src/quality/quality";
import { ssim } from "../src/quality/ssim";

/** @param value of a byte at column, row and colour */
function imageOf(width: number, height: number, value: (x: number, y: number, c: number) => number): Image {
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return Math.min(255, Math.max(0, value(pixel % width, Math.floor(pixel / width), i % 3)));
  });
  return { width, height, data } as Image;
}

const wave = (x: number, y: number, c: number): number =>
  Math.round(127.5 + 100 * Math.sin(x / 5 + c) * Math.cos(y / 7 - c));
const noise = (x: number, y: number, c: number): number => 4 * (((x * 5 + y * 3 + c) % 17) - 8);
const plain = imageOf(40, 33, wave);
const noisy = imageOf(40, 33, (x, y, c) => wave(x, y, c) + noise(x, y, c));

describe("measures of quality", () => {
  // scikit-image 0.26: peak_signal_noise_ratio; structural_similarity(gaussian_weights=True, sigma=1.5,
  // use_sample_covariance=False) of the gray images as Matlab rounds them. GMSD: the authors' Matlab code in NumPy.
  it("are those of the references", () => {
    expect(psnr(plain, noisy)).toBeCloseTo(22.291391553, 8);
    expect(ssim(plain, noisy)).toBeCloseTo(0.5566154786, 8);
    expect(gmsd(plain, noisy)).toBeCloseTo(0.0054129853, 9);
  });

  it("are what can be worked out by hand", () => {
    const [dark, lighter] = [imageOf(16, 12, () => 10), imageOf(16, 12, () => 15)];
    expect(psnr(dark, lighter)).toBeCloseTo(10 * Math.log10(255 ** 2 / 25), 10);
    const oneOff = imageOf(16, 12, (x, y, c) => (x + y + c === 0 ? 11 : 10));
    expect(psnr(dark, oneOff)).toBeCloseTo(highestPsnr(dark), 10);
    expect(ssim(dark, lighter)).toBeCloseTo((2 * 150 + 6.5025) / (325 + 6.5025), 10); // no variance: luminance alone
  });

  it("say that equal images are equal", () => {
    expect(qualityOf(plain, plain)).toEqual({ psnr: Number.POSITIVE_INFINITY, ssim: 1, gmsd: 0 });
  });

  it("have means in which an equal image counts as the closest unequal one", () => {
    const [equal, other] = [qualityOf(plain, plain), qualityOf(noisy, plain)];
    const mean = meanQuality([equal, other], plain);
    expect(mean.psnr).toBeCloseTo((10 * Math.log10(255 ** 2 * 3 * 40 * 33) + other.psnr) / 2, 10);
    expect(mean.ssim).toBeCloseTo((1 + other.ssim) / 2, 10);
    expect(meanQuality([equal, equal], plain)).toEqual(equal);
  });
});
