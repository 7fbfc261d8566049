import type { OpenedComponent } from "../program/opened-component";

/** What a generation asked for of the functions that are opened when they are first needed, such as a VAE's encoder. */
export interface AskedFunctions {
  /** By names such as `vae/encode`. */
  readonly functions: readonly Pick<OpenedComponent, "name" | "fallback">[];
  /** What of them runs on the CPU though it was put elsewhere: of plugins, and of the models themselves. */
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

export interface LateFunctions {
  /** Looks from now on. */
  since(): () => AskedFunctions;
}
