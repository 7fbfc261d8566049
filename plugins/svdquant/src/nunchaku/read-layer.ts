import { type OpenWeights, transposed } from "@skipstep/core/plugin";
import { type SvdLayer, unpackLayer, unpackVector } from "./layer";
import { awqPlace, groupSize } from "./order";
import type { StoredLayer } from "./stored-layers";

/** A W4A16 layer: `codes scales + zeros`. */
export interface AwqLayer {
  readonly rows: number;
  readonly columns: number;
  /** 0..15, `[rows, columns]` */
  readonly codes: Uint8Array;
  /** `[rows, columns / 64]` each */
  readonly scales: Float32Array;
  readonly zeros: Float32Array;
}

/** Real sizes of a layer, without what it is filled up with. */
export interface LayerSize {
  readonly rows: number;
  readonly columns: number;
}

/** Reads layers in plain order. Keeps the last one: its parts are asked for one after the other. */
export class LayerReader {
  private svd: { readonly name: string; readonly layer: SvdLayer } | undefined;
  private awq: { readonly name: string; readonly layer: AwqLayer } | undefined;

  constructor(private readonly source: OpenWeights) {}

  read(stored: StoredLayer, { rows, columns }: LayerSize): SvdLayer {
    if (this.svd?.name === stored.name) return this.svd.layer;
    const numbers = (part: "scales" | "smooth" | "down" | "up"): Float32Array =>
      this.source.readFloat32(stored.tensors[part]);
    const qweight = bytesOf(this.source.read(stored.tensors.codes).data);
    const packed = {
      qweight,
      wscales: numbers("scales"),
      smooth: numbers("smooth"),
      down: numbers("down"),
      up: numbers("up"),
    };
    const layer = unpackLayer(packed, rows, columns, stored.rank);
    this.svd = { name: stored.name, layer };
    return layer;
  }

  smooth(stored: StoredLayer, columns: number): Float32Array {
    return unpackVector(this.source.readFloat32(stored.tensors.smooth), columns);
  }

  readAwq({ name, tensors, rows, columns }: StoredLayer): AwqLayer {
    if (this.awq?.name === name) return this.awq.layer;
    const words = bytesOf(this.source.read(tensors.codes).data);
    const turned = (part: "scales" | "zeros"): Float32Array =>
      transposed(this.source.readFloat32(tensors[part]), columns / groupSize, rows);
    const codes = new Uint8Array(rows * columns);
    for (let n = 0; n < rows; n++)
      for (let k = 0; k < columns; k++) {
        const { word, shift } = awqPlace(n, k, columns);
        codes[n * columns + k] = ((words[2 * word]! | (words[2 * word + 1]! << 8)) >> shift) & 15;
      }
    const layer = { rows, columns, codes, scales: turned("scales"), zeros: turned("zeros") };
    this.awq = { name, layer };
    return layer;
  }

  /** Zeros where it has none. Biases of W4A16 layers are in plain order. */
  bias({ bias, kind }: StoredLayer, rows: number): Float32Array {
    if (bias === undefined) return new Float32Array(rows);
    const values = this.source.readFloat32(bias);
    return kind === "awq" ? values : unpackVector(values, rows);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
