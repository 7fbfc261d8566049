import { AsyncLocalStorage } from "node:async_hooks";

/** What a generation has for itself, inside of those of other pipelines that it was begun in. */
interface Generation {
  readonly owner: object;
  readonly own: unknown;
  readonly outer: Generation | undefined;
}

/**
 * One for all pipelines: Node 20 and 22 never forget a storage that was used, and each promise of the process carries a
 * value for every one of them.
 */
const current = new AsyncLocalStorage<Generation>();

/** Runs the body of a generation, and all that it waits for. @param own what `ownGeneration` gives there */
export function inGeneration<Result>(owner: object, own: unknown, body: () => Result): Result {
  return current.run({ owner, own, outer: current.getStore() }, body);
}

/** What the innermost generation of this owner, of those that the running code is in, has for itself. */
export function ownGeneration<Own>(owner: object): Own | undefined {
  let at = current.getStore();
  while (at && at.owner !== owner) at = at.outer;
  return at?.own as Own | undefined;
}
