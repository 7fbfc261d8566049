import { describePlugin } from "@skipstep/contract";
import { SeaCache } from "../src/index";

describePlugin(SeaCache, {
  exact: { threshold: 0 }, // changes nothing: the result is equal bit by bit
  active: { threshold: 0.6 }, // saves work
  tolerance: 0.5, // largest absolute difference of the latents from those without the plugin
});
