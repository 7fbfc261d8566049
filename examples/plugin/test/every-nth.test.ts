import { describePlugin } from "@skipstep/contract";
import { EveryNth } from "../src/index";

describePlugin(EveryNth, {
  exact: { every: 1 }, // changes nothing: the result is equal bit by bit
  active: { every: 2 }, // saves work
  tolerance: 0.1, // largest absolute difference of the latents from those without the plugin
});
