import { describePlugin } from "@skipstep/contract";
import { MagCache } from "../src/index";

describePlugin(MagCache, {
  exact: { mag_ratios: [1], max_skip_steps: 0 }, // changes nothing: the result is equal bit by bit
  active: { mag_ratios: [1, 1.02, 0.98, 1.01], threshold: 0.05 }, // saves work
  tolerance: 0.1, // largest absolute difference of the latents from those without the plugin
});
