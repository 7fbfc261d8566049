import { nextTwice } from "../errors/plugins";
import type { Hooks, Step } from "../hooks";
import { guardOf } from "./guarded-latents";

/** What a wrapping hook is given to call: at most once, with what lies inside behind it. */
export class NextOnce<Given, Result> {
  /** What lies inside came to; `undefined` until then, and where it was not called. */
  result: Result | undefined;
  /** What went wrong inside: not the plugin's fault. */
  failure: unknown;
  private called = false;

  /** @param place where it is called, for errors: `region "rest"` */
  constructor(
    private readonly plugin: string,
    private readonly hook: keyof Hooks,
    private readonly place: string,
    private readonly step: Step,
    private readonly inside: (given: Given) => Promise<Result>,
  ) {}

  /** @throws SKIPSTEP_NEXT_TWICE, SKIPSTEP_LATENTS_WRITTEN */
  readonly run = async (given: Given): Promise<Result> => {
    if (this.called) throw nextTwice(this.plugin, this.place);
    this.called = true;
    guardOf(this.step)?.check(this.plugin, this.hook); // before what others do inside
    try {
      this.result = await this.inside(given);
      return this.result;
    } catch (error) {
      this.failure = error;
      throw error;
    }
  };
}
