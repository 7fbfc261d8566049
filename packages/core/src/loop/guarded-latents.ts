import type { SkipstepError } from "../errors/error";
import { latentsWritten } from "../errors/plugins";
import type { Step } from "../hooks";
import type { Floats } from "../tensor";

/**
 * The latents of one step as plugins are given them. Numbers cannot be frozen: they are copied when a plugin first looks
 * at them, and compared after each hook, byte by byte. Steps whose latents nobody looks at cost nothing.
 */
export class GuardedLatents {
  private readonly view: Floats;
  private before: Buffer | undefined;
  private last: readonly [plugin: string, hook: string] | undefined;
  private failure: SkipstepError | undefined;

  /** @param name what hooks call them */
  constructor(
    private readonly latents: Floats,
    private readonly name = "step.latents",
  ) {
    this.view = Object.freeze({ ...latents, shape: Object.freeze([...latents.shape]) });
  }

  /** The same object at each call. */
  look(): Floats {
    this.before ??= Buffer.from(bytesOf(this.latents)); // a copy
    return this.view;
  }

  /**
   * Compares, after a hook or when it hands on.
   * @throws SKIPSTEP_LATENTS_WRITTEN, and again whenever it is asked after that
   */
  check(plugin: string, hook: string): void {
    this.last = [plugin, hook];
    this.checkLast();
  }

  /** Once more at the end, for what a hook left running. */
  checkLast(): void {
    if (this.before && !this.failure && !this.before.equals(bytesOf(this.latents)))
      this.failure = latentsWritten(...this.last!, this.name);
    if (this.failure) throw this.failure;
  }
}

const guards = new WeakMap<Step, GuardedLatents>();

/** A step with latents that are guarded. */
export function guardedStep(facts: Omit<Step, "latents">, guard: GuardedLatents): Step {
  const step = {
    ...facts,
    get latents() {
      return guard.look();
    },
  };
  guards.set(step, guard);
  return step;
}

/** What guards a step's latents; `undefined` for a step that was made otherwise. */
export function guardOf(step: Step): GuardedLatents | undefined {
  return guards.get(step);
}

function bytesOf({ data }: Floats): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
