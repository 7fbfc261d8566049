/** How many predictions a multistep solver uses at most, and where fewer. */
export interface MultistepOrderOptions {
  /** How many predictions make a step. */
  solver_order: number;
  /** Fewer predictions for the last steps. */
  lower_order_final: boolean;
  /** Order 1 for the last step. */
  euler_at_final: boolean;
  final_sigmas_type: "zero" | "sigma_min";
}

/** Predictions for the step of a call. @param calls of the generation @param known predictions made so far */
export function multistepOrder(options: MultistepOrderOptions, index: number, calls: number, known: number): number {
  const { solver_order, lower_order_final, euler_at_final, final_sigmas_type } = options;
  const left = calls - index;
  const isShort = lower_order_final && calls < 15;
  if (left === 1 && (isShort || euler_at_final || final_sigmas_type === "zero")) return 1;
  return Math.min(solver_order, known, left === 2 && isShort ? 2 : solver_order);
}
