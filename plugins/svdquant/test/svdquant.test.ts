import { describePlugin } from "@skipstep/contract";
import { SvdQuant } from "../src/index";

describePlugin(SvdQuant, {
  active: { rank: 8 }, // saves memory
  tolerance: 0.6, // of latents of the contract's random model, whose weights are noise: no rank is low there
});
