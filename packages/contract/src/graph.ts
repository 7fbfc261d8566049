/** Graphs without a pipeline, for tests: `@skipstep/contract/graph`. */
export { buildGraph, readConfig } from "./graph/build-graph";
export { expectClose, expectSame, expectWithin } from "./graph/close";
export { madeRun, madeStep } from "./graph/made-step";
export { memoryWeights, wave } from "./graph/memory-weights";
export { newGraph } from "./graph/new-graph";
export { openWithPlugins } from "./graph/open-with-plugins";
export { readSafetensors } from "./graph/read-safetensors";
export { runGraph } from "./graph/run-graph";
export { type StoredTensor, safetensors, safetensorsName, withHeader } from "./graph/safetensors";
export { testRuntime } from "./graph/test-runtime";
export { runToy, type ToyRegion, type ToyRun, type ToyStep } from "./graph/toy-passes";
export { weightShapes } from "./graph/weight-shapes";
