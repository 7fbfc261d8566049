/**
 * How the images of a training were noised; a scheduler that keeps its samples otherwise gets nothing from the model.
 * Names of the first two are Song et al.'s, https://arxiv.org/abs/2011.13456.
 *
 * | process               | sample                            | the model sees      |
 * | --------------------- | --------------------------------- | ------------------- |
 * | `variance-preserving` | alpha image + sigma noise, of variance 1 | the sample   |
 * | `variance-exploding`  | image + sigma noise               | it, scaled to variance 1 |
 * | `flow`                | (1 - sigma) image + sigma noise   | the sample          |
 * | `trigflow`            | cos t image + sin t noise, of variance 1 | the sample, and the angle t |
 *
 * The first two are one to a model: it sees the same of both.
 */
export type Process = "variance-preserving" | "variance-exploding" | "flow" | "trigflow";

const processes: readonly string[] = [
  "variance-preserving",
  "variance-exploding",
  "flow",
  "trigflow",
] satisfies Process[];

export function isProcess(name: unknown): name is Process {
  return processes.includes(name as string);
}
