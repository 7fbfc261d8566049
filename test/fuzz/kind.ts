import type { Random } from "./random";

/** Where a kind's files are made, and how far its inputs are taken. */
export interface Place {
  /** An empty folder. */
  readonly folder: string;
  /** Share of the inputs with which a pipeline is opened and draws, if they are valid. */
  readonly drawn: number;
}

/** One kind of what comes from strangers. */
export interface Kind {
  readonly name: string;
  /** How many of its inputs a run has in comparison to other kinds'. */
  readonly weight: number;
  /** Writes the sound files that inputs are made of. */
  prepare(place: Place): Subject | Promise<Subject>;
}

/** What a kind's inputs are tried on. */
export interface Subject {
  /**
   * Makes one input and tries it.
   * @returns whether an image was drawn with it
   * @throws what Skipstep throws
   */
  attempt(random: Random): Promise<boolean>;
  /** Tries what inputs are made of, as it is: changes of what is broken already would find nothing. */
  sound(): Promise<unknown>;
  close?(): Promise<void>;
}
