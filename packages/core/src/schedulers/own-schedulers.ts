import { ddim } from "./ddim";
import { ddpm } from "./ddpm";
import type { SchedulerDefinition } from "./define-scheduler";
import { deisMultistep } from "./deis-multistep";
import { dpmSolverMultistep } from "./dpm-solver-multistep";
import { dpmSolverSinglestep } from "./dpm-solver-singlestep";
import { edmDpmSolverMultistep } from "./edm-dpm-solver-multistep";
import { edmEuler } from "./edm-euler";
import { eulerAncestralDiscrete } from "./euler-ancestral-discrete";
import { eulerDiscrete } from "./euler-discrete";
import { flowMatchEulerDiscrete } from "./flow-match-euler-discrete";
import { flowMatchHeunDiscrete } from "./flow-match-heun-discrete";
import { heunDiscrete } from "./heun-discrete";
import { kDpm2AncestralDiscrete } from "./k-dpm-2-ancestral-discrete";
import { kDpm2Discrete } from "./k-dpm-2-discrete";
import { lcm } from "./lcm";
import { lmsDiscrete } from "./lms-discrete";
import { pndm } from "./pndm";
import { scm } from "./scm";
import { tcd } from "./tcd";
import { uniPcMultistep } from "./uni-pc-multistep";

/** Every scheduler that Skipstep has itself. */
export const ownSchedulers: readonly SchedulerDefinition[] = [
  ddim,
  ddpm,
  deisMultistep,
  dpmSolverMultistep,
  dpmSolverSinglestep,
  edmDpmSolverMultistep,
  edmEuler,
  eulerAncestralDiscrete,
  eulerDiscrete,
  flowMatchEulerDiscrete,
  flowMatchHeunDiscrete,
  heunDiscrete,
  kDpm2AncestralDiscrete,
  kDpm2Discrete,
  lcm,
  lmsDiscrete,
  pndm,
  scm,
  tcd,
  uniPcMultistep,
];
