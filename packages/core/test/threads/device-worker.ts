/** Core's runtime thread where the CPU's tensors lie on a device that stands in main memory. */
import { deviceMemories } from "../../src/runtime/device-memory";
import "../../src/runtime/worker";
import { deviceInMainMemory } from "./device-in-main-memory";

deviceMemories.set("cpu", deviceInMainMemory);
