import type { GenerateRequest, GenerateResult, Pipeline } from "@skipstep/core";
import { expect, it } from "vitest";
import { Job } from "../src/jobs/job";
import { Together } from "../src/jobs/together";

const job = (): Job => new Job("somebody", {} as Job["request"]);

/** Answers with the seed, and writes down what it was asked for at once. */
function pipeline(asked: unknown[]): Pipeline {
  const generateTogether = (requests: readonly GenerateRequest[]): Promise<GenerateResult>[] => {
    asked.push(requests.map(({ seed }) => seed));
    return requests.map(async ({ seed }) => seed as never);
  };
  return { generateTogether } as unknown as Pipeline;
}

it("asks for all at once when the last of them has come, or left because it failed before", async () => {
  const [first, second, third] = [job(), job(), job()];
  const asked: unknown[] = [];
  const together = new Together([first, second, third]);
  const one = pipeline(asked);
  const drawn = [together.generate(first, one, { seed: 1 }), together.generate(second, one, { seed: 2 })];
  expect(asked).toEqual([]);
  together.leave(third);
  together.leave(third);
  expect(await Promise.all(drawn)).toEqual([1, 2]);
  for (const over of [first, second, third]) together.leave(over);
  expect(asked).toEqual([[1, 2]]);
});

it("asks each pipeline for its own, where the model was opened anew in between", async () => {
  const jobs = [job(), job(), job()];
  const asked: unknown[] = [];
  const together = new Together(jobs);
  const [one, other] = [pipeline(asked), pipeline(asked)];
  const drawn = jobs.map((each, seed) => together.generate(each, seed === 1 ? other : one, { seed }));
  expect(await Promise.all(drawn)).toEqual([0, 1, 2]);
  expect(asked).toEqual([[0, 2], [1]]);
});

it("asks for nothing where all have failed before", () => {
  const jobs = [job(), job()];
  const together = new Together(jobs);
  for (const each of jobs) expect(() => together.leave(each)).not.toThrow();
});
