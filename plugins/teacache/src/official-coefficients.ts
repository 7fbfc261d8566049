/**
 * Polynomials of the authors (https://github.com/ali-vilab/TeaCache), the highest power first, by the denoiser's class.
 * Of the families that Skipstep has, they give FLUX.1's only.
 */
export const officialCoefficients: Readonly<Record<string, readonly number[]>> = {
  FluxTransformer2DModel: [4.98651651e2, -2.83781631e2, 5.58554382e1, -3.82021401, 2.64230861e-1],
};
