import { EigenvalueDecomposition, Matrix, solve } from "ml-matrix";

export interface FitOptions {
  /** Modes that are kept; 0 keeps those whose singular value is above a ten-thousandth of the largest. */
  readonly rank: number;
  /** Added to singular values that are divided by. */
  readonly ridge: number;
}

/** Snapshots from the second on are combined with these to what comes so many spacings after the last. */
export type Forecast = (spacings: number) => readonly number[];

const negligible = 1e-4;

/**
 * Dynamic Mode Decomposition (Schmid 2010, https://doi.org/10.1017/S0022112010001217): the linear map that takes each
 * snapshot nearest to the next one, within the space that they span. All it needs of snapshots are their dot products,
 * and what it forecasts is a sum of them: `X' V / s W lambda^k b` with `X = U s V^T`, `X'` one snapshot later.
 *
 * @param products dot product of each of n snapshots with each, the oldest first @param size elements of a snapshot
 */
export function fitModes(products: Matrix, size: number, { rank, ridge }: FitOptions): Forecast {
  const last = products.rows - 1;
  const [earlier, later] = [[0, last - 1] as const, [1, last] as const];
  const own = new EigenvalueDecomposition(products.subMatrix(...earlier, ...earlier), { assumeSymmetric: true });
  const order = own.realEigenvalues.map((_, i) => i).sort((a, b) => own.realEigenvalues[b]! - own.realEigenvalues[a]!);
  const values = order.map((i) => Math.sqrt(Math.max(own.realEigenvalues[i]!, 0)));
  const fitting = values.filter((value) => value > values[0]! * negligible).length;
  const count = Math.max(1, Math.min(rank || fitting, last, size));
  const kept = values.slice(0, count);
  const right = own.eigenvectorMatrix.subMatrixColumn(order.slice(0, count)); // V, [n - 1, count]
  const inverse = Matrix.diag(kept.map((value) => 1 / (value + ridge)));
  const weights = right.mmul(inverse); // of X'
  const map = Matrix.diag(kept.map((value) => 1 / value))
    .mmul(right.transpose())
    .mmul(products.subMatrix(...earlier, ...later))
    .mmul(weights);
  const modes = new EigenvalueDecomposition(map);
  // The newest snapshot by least squares in the columns of X' `weights`, then in the modes.
  const between = weights.transpose().mmul(products.subMatrix(...later, ...later));
  const newest = solve(between.mmul(weights), between.subMatrixColumn([last - 1]), true);
  const amplitudes = solve(modes.eigenvectorMatrix, newest).to1DArray();
  const toSnapshots = weights.mmul(modes.eigenvectorMatrix);
  return (spacings) => toSnapshots.mmul(Matrix.columnVector(advanced(modes, amplitudes, spacings))).to1DArray();
}

/** Amplitudes `spacings` later. Modes of a pair lie side by side as the real and the imaginary part of one. */
function advanced(modes: EigenvalueDecomposition, amplitudes: readonly number[], spacings: number): number[] {
  const { realEigenvalues: re, imaginaryEigenvalues: im } = modes;
  return amplitudes.map((amplitude, i) => {
    const growth = Math.hypot(re[i]!, im[i]!) ** spacings;
    const turn = Math.atan2(im[i]!, re[i]!) * spacings; // of a negative real one pi a spacing, and the real part of that
    const partner = im[i] === 0 ? 0 : amplitudes[im[i]! > 0 ? i + 1 : i - 1]!;
    return growth * (Math.cos(turn) * amplitude + Math.sin(turn) * partner);
  });
}
