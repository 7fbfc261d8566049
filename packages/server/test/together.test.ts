import type { GenerateRequest, GenerateResult, Pipeline } from "@skipstep/core";
import { expect, it } from "vitest";
import { Job } from "../src/jobs/job";
import { Together, togetherKey } from "../src/jobs/together";

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

it("takes no job that was begun before: it may be what ended the server, and the others with it", () => {
  const request = { model: "emoji", settings: {}, pictures: {}, priority: 0 } as Job["request"];
  const [fresh, crashed] = [new Job("somebody", request), new Job("somebody", request)];
  expect(togetherKey(crashed)).toBe(togetherKey(fresh));
  crashed.attempts = 1;
  expect(togetherKey(crashed)).toBeUndefined();
});

it("is over when all are drawn or have failed", async () => {
  const [first, second] = [job(), job()];
  const together = new Together([first, second]);
  let isOver = false;
  void together.over.then(() => {
    isOver = true;
  });
  let fail!: (error: unknown) => void;
  const result = new Promise<GenerateResult>((_, reject) => {
    fail = reject;
  });
  const drawn = together.generate(first, { generateTogether: () => [result] } as unknown as Pipeline, {});
  together.leave(second);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);
  fail(new Error("broken"));
  await expect(drawn).rejects.toThrow("broken");
  await together.over;
});
