import { describePlugin } from "@skipstep/contract";
import { AdaCache } from "../src/index";

describePlugin(AdaCache, {
  exact: { codebook: [[1, 1]] }, // changes nothing: the result is equal bit by bit
  active: {
    codebook: [
      [0.5, 2],
      [1, 1],
    ],
  }, // saves work
  tolerance: 0.1, // largest absolute difference of the latents from those without the plugin
});
