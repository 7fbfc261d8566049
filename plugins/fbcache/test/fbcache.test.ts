import { describePlugin } from "@skipstep/contract";
import { FirstBlockCache } from "../src/index";

describePlugin(FirstBlockCache, { exact: { threshold: 0 }, active: { threshold: 0.1 }, tolerance: 0.1 });
