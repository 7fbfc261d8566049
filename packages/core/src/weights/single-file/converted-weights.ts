import { createHash } from "node:crypto";
import { tensorMissing } from "../../errors/checkpoint";
import { itemSize, sizeOf, type Tensor } from "../../tensor";
import { checkRows, checkShape } from "../checkpoint/check-entry";
import { viewAs } from "../checkpoint/dtypes";
import { toFloat32 } from "../checkpoint/to-float32";
import type { OpenWeights, StoredAs, TensorEntry } from "../checkpoint/weight-source";
import type { PackedWeight } from "../formats/packed-weight";
import type { Recipes, RowRange, TensorRecipe } from "./recipe";
import { transposed } from "./transposed";

/** Weights under other names than they are stored by: renamed, split, put together and turned when they are read. */
export class ConvertedWeights implements OpenWeights {
  readonly names: readonly string[];
  readonly format: string | undefined;
  readonly unread: ReadonlyMap<string, string> | undefined;
  readonly metadata: OpenWeights["metadata"];
  private readonly fitted = new Map<string, TensorRecipe>();

  /** @param source is closed with it @param recipes by the names that models ask for, over the source's */
  constructor(
    private readonly source: OpenWeights,
    private readonly recipes: Recipes,
    readonly layout: string,
  ) {
    this.names = [...recipes.keys()];
    this.format = source.format;
    this.unread = source.unread;
    this.metadata = source.metadata;
  }

  has(name: string): boolean {
    return this.recipes.has(name);
  }

  /** Its `offset` is where the first of its rows lies. */
  entry(name: string): TensorEntry {
    const { shape, parts } = this.recipe(name);
    const { tensor, from } = parts[0]!;
    const { dtype, file, offset } = this.source.entry(tensor);
    const byteLength = sizeOf(shape) * itemSize[dtype];
    return { name, dtype, shape, file, offset: offset + from * this.rowLength(tensor), byteLength };
  }

  expect(name: string, shape: readonly number[]): TensorEntry {
    const recipe = this.recipe(name);
    const whole = recipe.shape.join() === shape.join() ? undefined : this.wholeOf(recipe);
    // A form that does not tell its shape takes the one that is asked for.
    if (whole !== undefined && this.source.stored?.(whole) && this.source.expect(whole, shape))
      this.fitted.set(name, fittedRecipe(whole, shape));
    return checkShape(this.entry(name), shape);
  }

  read(name: string): Tensor {
    const { dtype, shape } = this.entry(name);
    return { dtype, shape, data: viewAs(this.readAll(name), dtype) };
  }

  readFloat32(name: string): Float32Array {
    const recipe = this.recipe(name);
    const whole = this.wholeOf(recipe);
    // The source converts large tensors piece by piece.
    if (whole !== undefined) return this.source.readFloat32(whole);
    return toFloat32(this.readAll(name), this.entry(name).dtype);
  }

  readRows(name: string, firstRow: number, rowCount: number): Uint8Array {
    const entry = this.entry(name);
    checkRows(entry, firstRow, rowCount);
    const { parts, transposed: isTransposed } = this.recipe(name);
    if (!isTransposed) return this.gather(parts, firstRow, rowCount);
    const [rows = 1] = entry.shape;
    const rowLength = rows === 0 ? 0 : entry.byteLength / rows;
    return this.readAll(name).slice(firstRow * rowLength, (firstRow + rowCount) * rowLength);
  }

  /** Rows of one tensor stay packed where its format can cut them; what is put together or turned does not. */
  packed(name: string): PackedWeight | undefined {
    const recipe = this.recipe(name);
    const whole = this.wholeOf(recipe);
    if (whole !== undefined) return this.source.packed?.(whole);
    const [part, ...others] = recipe.parts;
    if (recipe.transposed || others.length > 0) return undefined;
    return this.source.packed?.(part!.tensor)?.rows?.(part!.from, part!.count);
  }

  stored(name: string): StoredAs | undefined {
    const [first, ...others] = this.recipe(name).parts.map(({ tensor, count }) => this.share(tensor, count));
    if (!first || others.some((other) => other?.format !== first.format)) return undefined;
    return { ...first, byteLength: others.reduce((sum, other) => sum + other!.byteLength, first.byteLength) };
  }

  /** Of the files' content and of what becomes of it here. */
  identity(cacheDir: string): string {
    const recipes = JSON.stringify([...this.recipes]);
    return createHash("sha256").update(this.source.identity(cacheDir)).update(recipes).digest("hex");
  }

  close(): void {
    this.source.close();
  }

  private recipe(name: string): TensorRecipe {
    const recipe = this.fitted.get(name) ?? this.recipes.get(name);
    if (recipe) return recipe;
    const files = new Set(this.names.map((known) => this.source.entry(this.recipes.get(known)!.parts[0]!.tensor).file));
    throw tensorMissing(name, [...files], this.names);
  }

  private readAll(name: string): Uint8Array {
    const { shape, parts, transposed: isTransposed } = this.recipe(name);
    const rows = parts.reduce((sum, { count }) => sum + count, 0);
    const bytes = this.gather(parts, 0, rows);
    return isTransposed ? transposed(bytes, shape as [number, number], this.entry(name).dtype) : bytes;
  }

  /** The bytes of rows `firstRow` on, counted over all parts. */
  private gather(parts: readonly RowRange[], firstRow: number, rowCount: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    let start = 0;
    for (const { tensor, from, count } of parts) {
      const [first, end] = [Math.max(firstRow, start), Math.min(firstRow + rowCount, start + count)];
      if (first < end) pieces.push(this.source.readRows(tensor, from + first - start, end - first));
      start += count;
    }
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  /** The stored tensor that is this one under another name. */
  private wholeOf({ parts: [part, ...others], transposed: isTransposed }: TensorRecipe): string | undefined {
    if (isTransposed || others.length > 0 || part!.from !== 0) return undefined;
    const [rows = 1] = this.source.entry(part!.tensor).shape;
    return part!.count === rows ? part!.tensor : undefined;
  }

  /** Some rows of a stored tensor. */
  private share(tensor: string, count: number): StoredAs | undefined {
    const stored = this.source.stored?.(tensor);
    if (!stored) return undefined;
    const [rows = 1] = this.source.entry(tensor).shape;
    return { ...stored, byteLength: Math.round((stored.byteLength * count) / Math.max(1, rows)) };
  }

  /** Bytes. */
  private rowLength(tensor: string): number {
    const { shape, byteLength } = this.source.entry(tensor);
    const [rows = 1] = shape;
    return rows === 0 ? 0 : byteLength / rows;
  }
}

function fittedRecipe(tensor: string, shape: readonly number[]): TensorRecipe {
  return { shape, parts: [{ tensor, from: 0, count: shape[0] ?? 1 }] };
}
