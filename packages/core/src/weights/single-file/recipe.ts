/** Shapes of tensors by name. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** Some rows (slices of the first axis) of a stored tensor. */
export interface RowRange {
  readonly tensor: string;
  readonly from: number;
  readonly count: number;
}

/** A tensor made of rows of stored ones. */
export interface TensorRecipe {
  readonly shape: readonly number[];
  /** One range after the other. */
  readonly parts: readonly RowRange[];
  /** Set where the stored matrix is the transpose of this one. It has one part then: all of it. */
  readonly transposed?: true;
}

/** By the names that models ask for. */
export type Recipes = ReadonlyMap<string, TensorRecipe>;
