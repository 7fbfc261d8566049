import { cpus } from "node:os";
import { runtimeVersion } from "../packages/core/src/compiler/runtime-version";

/** `AMD EPYC, 2 cores; Node 20.20.2, ONNX Runtime 1.30.0` */
export function machineText(): string {
  const cores = cpus();
  const model = cores[0]?.model.trim() ?? process.arch;
  return `${model}, ${cores.length} cores; Node ${process.versions.node}, ONNX Runtime ${runtimeVersion}`;
}
