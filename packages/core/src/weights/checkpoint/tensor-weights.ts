import { itemSize, sizeOf, type Tensor } from "../../tensor";
import type { PackedWeight } from "../formats/packed-weight";
import { checkRows, checkShape } from "./check-entry";
import { viewAs } from "./dtypes";
import type { SourceTensor } from "./source-tensor";
import { toFloat32 } from "./to-float32";
import type { StoredAs, TensorEntry, WeightSource } from "./weight-source";

/** Weights that say of each tensor what it is: checks, shapes and conversions follow from that. */
export abstract class TensorWeights implements WeightSource {
  abstract readonly names: readonly string[];
  private known: ReadonlySet<string> | undefined;
  /** Tensors in the shapes that models asked for. */
  private readonly fitted = new Map<string, SourceTensor>();

  /** @throws SKIPSTEP_TENSOR_MISSING, SKIPSTEP_TENSOR_DTYPE */
  protected abstract tensor(name: string): SourceTensor;

  abstract identity(cacheDir: string): string;

  has(name: string): boolean {
    this.known ??= new Set(this.names);
    return this.known.has(name);
  }

  entry(name: string): TensorEntry {
    const { dtype, shape, file, offset } = this.current(name);
    return { name, dtype, shape, file, offset, byteLength: sizeOf(shape) * itemSize[dtype] };
  }

  expect(name: string, shape: readonly number[]): TensorEntry {
    const tensor = this.current(name);
    const fitted = tensor.shape.join() === shape.join() ? undefined : tensor.fit?.(shape);
    if (fitted) this.fitted.set(name, fitted);
    return checkShape(this.entry(name), shape);
  }

  read(name: string): Tensor {
    const tensor = this.current(name);
    const { dtype, shape } = tensor;
    return { dtype, shape, data: viewAs(allRows(tensor), dtype) };
  }

  readFloat32(name: string): Float32Array {
    const tensor = this.current(name);
    if (tensor.readFloat32) return tensor.readFloat32();
    const bytes = allRows(tensor);
    return tensor.dtype === "float32" ? (viewAs(bytes, "float32") as Float32Array) : toFloat32(bytes, tensor.dtype);
  }

  readRows(name: string, firstRow: number, rowCount: number): Uint8Array {
    checkRows(this.entry(name), firstRow, rowCount);
    return this.current(name).readRows(firstRow, rowCount);
  }

  packed(name: string): PackedWeight | undefined {
    return this.current(name).packed;
  }

  stored(name: string): StoredAs | undefined {
    return this.current(name).stored;
  }

  private current(name: string): SourceTensor {
    return this.fitted.get(name) ?? this.tensor(name);
  }
}

function allRows(tensor: SourceTensor): Uint8Array {
  return tensor.readRows(0, tensor.shape[0] ?? 1);
}
