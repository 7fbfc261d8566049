import { createRequire } from "node:module";
import { cpus } from "node:os";

/** Of the ONNX Runtime that core depends on. */
const runtimeVersion: string = createRequire(new URL("../packages/core/package.json", import.meta.url))(
  "onnxruntime-node/package.json",
).version;

/** `AMD EPYC, 2 cores; Node 20.20.2, ONNX Runtime 1.30.0` */
export function machineText(): string {
  const cores = cpus();
  const model = cores[0]?.model.trim() ?? process.arch;
  return `${model}, ${cores.length} cores; Node ${process.versions.node}, ONNX Runtime ${runtimeVersion}`;
}
