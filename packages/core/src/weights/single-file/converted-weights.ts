import { createHash } from "node:crypto";
import { tensorMissing } from "../../errors/checkpoint";
import type { DType } from "../../tensor";
import { transposed } from "../../transposed";
import { viewAs } from "../checkpoint/dtypes";
import { rowLength, type SourceTensor } from "../checkpoint/source-tensor";
import { TensorWeights } from "../checkpoint/tensor-weights";
import type { OpenWeights, StoredAs } from "../checkpoint/weight-source";
import type { PackedWeight } from "../formats/packed-weight";
import type { Recipes, RowRange, TensorRecipe } from "./recipe";

/** Weights under other names than they are stored by: renamed, split, put together and turned when they are read. */
export class ConvertedWeights extends TensorWeights implements OpenWeights {
  readonly names: readonly string[];
  readonly format: string | undefined;
  readonly unread: ReadonlyMap<string, string> | undefined;
  readonly metadata: OpenWeights["metadata"];

  /** @param source is closed with it @param recipes by the names that models ask for, over the source's */
  constructor(
    private readonly source: OpenWeights,
    private readonly recipes: Recipes,
    readonly layout: string,
  ) {
    super();
    this.names = [...recipes.keys()];
    this.format = source.format;
    this.unread = source.unread;
    this.metadata = source.metadata;
  }

  /** Of the files' content and of what becomes of it here. */
  identity(cacheDir: string): string {
    const recipes = JSON.stringify([...this.recipes]);
    return createHash("sha256").update(this.source.identity(cacheDir)).update(recipes).digest("hex");
  }

  close(): void {
    this.source.close();
  }

  protected tensor(name: string): SourceTensor {
    const recipe = this.recipes.get(name);
    if (recipe) return this.made(recipe);
    const files = new Set([...this.recipes.values()].map(({ parts }) => this.source.entry(parts[0]!.tensor).file));
    throw tensorMissing(name, [...files], this.names);
  }

  /** Its `offset` is where the first of its rows lies. */
  private made(recipe: TensorRecipe): SourceTensor {
    const { shape, parts } = recipe;
    const { tensor, from } = parts[0]!;
    const first = this.source.entry(tensor);
    const { dtype, file } = first;
    const whole = this.wholeOf(recipe);
    const packed = (): PackedWeight | undefined => this.packedOf(recipe, whole);
    const stored = (): StoredAs | undefined => this.storedOf(parts);
    return {
      ...{ dtype, shape, file, offset: first.offset + from * rowLength(first) },
      readRows: recipe.transposed
        ? (row, count) => this.turnedRows(parts[0]!, shape as [number, number], dtype, row, count)
        : (row, count) => this.gather(parts, row, count),
      // The source converts large tensors piece by piece.
      ...(whole === undefined ? {} : { readFloat32: () => this.source.readFloat32(whole) }),
      get packed() {
        return packed();
      },
      get stored() {
        return stored();
      },
      fit: (asked) => (whole === undefined ? undefined : this.fittedAs(whole, asked)),
    };
  }

  /** A form that does not tell its shape takes the one that is asked for. */
  private fittedAs(tensor: string, shape: readonly number[]): SourceTensor | undefined {
    if (!this.source.stored?.(tensor)) return undefined;
    this.source.expect(tensor, shape);
    return this.made({ shape, parts: [{ tensor, from: 0, count: shape[0] ?? 1 }] });
  }

  /** Rows of one tensor stay packed where its format can cut them; what is put together or turned does not. */
  private packedOf({ parts, transposed: isTurned }: TensorRecipe, whole: string | undefined): PackedWeight | undefined {
    if (whole !== undefined) return this.source.packed?.(whole);
    const [part, ...others] = parts;
    if (isTurned || others.length > 0) return undefined;
    return this.source.packed?.(part!.tensor)?.rows?.(part!.from, part!.count);
  }

  private storedOf(parts: readonly RowRange[]): StoredAs | undefined {
    const [first, ...others] = parts.map(({ tensor, count }) => this.share(tensor, count));
    if (!first || others.some((other) => other?.format !== first.format)) return undefined;
    return { ...first, byteLength: others.reduce((sum, other) => sum + other!.byteLength, first.byteLength) };
  }

  /** Rows of a matrix whose transpose is stored. */
  private turnedRows(
    part: RowRange,
    [rows, columns]: readonly [number, number],
    dtype: DType,
    firstRow: number,
    rowCount: number,
  ): Uint8Array {
    const stored = viewAs(this.gather([part], 0, part.count), dtype);
    const turned = transposed(stored, columns, rows).subarray(firstRow * columns, (firstRow + rowCount) * columns);
    return new Uint8Array(turned.buffer, turned.byteOffset, turned.byteLength);
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
  private wholeOf({ parts: [part, ...others], transposed: isTurned }: TensorRecipe): string | undefined {
    if (isTurned || others.length > 0 || part!.from !== 0) return undefined;
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
}
