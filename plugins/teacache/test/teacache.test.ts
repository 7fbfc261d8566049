import { describePlugin } from "@skipstep/contract";
import { TeaCache } from "../src/index";

describePlugin(TeaCache, {
  exact: { coefficients: [1, 0], rel_l1_thresh: 0 }, // changes nothing: the result is equal bit by bit
  active: { coefficients: [1, 0], rel_l1_thresh: 0.3 }, // saves work
  tolerance: 0.2, // largest absolute difference of the latents from those without the plugin
});
