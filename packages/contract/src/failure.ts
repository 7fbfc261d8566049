import { AssertionError } from "node:assert";

/** Ends a check: what is wrong, where, and what the author can do. */
export function fail(message: string): never {
  throw new AssertionError({ message, stackStartFn: fail });
}

/** Ends a check unless `condition` holds. */
export function ensure(condition: boolean, message: string): asserts condition {
  if (!condition) fail(message);
}
