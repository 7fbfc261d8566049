import { choice, flag, integer, number, type OptionSchemas } from "../schema/option";
import { type BetaOptions, betaSchemas, linearBetas } from "./betas";
import { type ThresholdOptions, thresholdSchemas } from "./clip";
import { type DynamicShiftOptions, timeShiftSchema } from "./flow-shift";
import { diffusionPredictions, type PredictionType, predictionSchema } from "./prediction";
import { type SigmaSpacingOptions, sigmaSpacingSchemas } from "./sigma-spacing";
import { type SpacingOptions, spacingSchemas } from "./spacing";

/** What DPM-Solver and UniPC have in common. */
export interface SolverOptions
  extends BetaOptions,
    ThresholdOptions,
    SpacingOptions,
    SigmaSpacingOptions,
    DynamicShiftOptions {
  /** How many predictions make a step. */
  solver_order: number;
  prediction_type: PredictionType;
  /** Fewer predictions for the last steps. */
  lower_order_final: boolean;
  /** Noise levels of a flow, `(1 - sigma) image + sigma noise`. */
  use_flow_sigmas: boolean;
  /** Above 1 spends more steps on noisy samples of a flow. */
  flow_shift: number;
  final_sigmas_type: "zero" | "sigma_min";
  rescale_betas_zero_snr: boolean;
}

/** @param mostOrder of UniPC there is no highest order; beyond this, nothing is left of a step but rounding */
export function solverSchemas(mostOrder = 16): OptionSchemas<SolverOptions> {
  return {
    ...betaSchemas(linearBetas),
    ...thresholdSchemas,
    ...spacingSchemas("linspace"),
    ...sigmaSpacingSchemas,
    solver_order: integer(2, { minimum: 1, maximum: mostOrder }),
    prediction_type: predictionSchema<PredictionType>([...diffusionPredictions, "flow_prediction"]),
    lower_order_final: flag(true, "Lower the order of the last steps."),
    use_flow_sigmas: flag(false, "Noise levels of flow matching."),
    flow_shift: number(1, { exclusiveMinimum: 0, description: "Above 1 spends more steps on a flow's noisy samples." }),
    use_dynamic_shifting: flag(false, "Shift by the image's size instead of by `flow_shift`."),
    time_shift_type: timeShiftSchema,
    final_sigmas_type: choice("zero", ["zero", "sigma_min"], "Noise level after the last step."),
    rescale_betas_zero_snr: flag(false, "Make the noisiest timestep (nearly) pure noise."),
  };
}
