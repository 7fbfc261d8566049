import { arch, cpus, platform, totalmem } from "node:os";
import { bytesText } from "../quantities";

/** `AMD EPYC, 2 cores, 24.0 GB, linux x64` */
export function machineText(): string {
  const cores = cpus();
  const model = cores[0]?.model.trim() || arch();
  return `${model}, ${cores.length} ${cores.length === 1 ? "core" : "cores"}, ${bytesText(totalmem())}, ${platform()} ${arch()}`;
}
