import { describePlugin } from "@skipstep/contract";
import { Guidance } from "../src/index";

describePlugin(Guidance, {
  exact: {}, // changes nothing: the result is equal bit by bit
  active: { cfg_gate_step: 0.5 }, // saves passes
  tolerance: 0.5, // largest absolute difference of the latents from those without the plugin
});
