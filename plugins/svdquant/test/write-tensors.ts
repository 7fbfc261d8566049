import { type PlannedTensor, SafetensorsWriter } from "../src/writing/safetensors-file";

export interface GivenTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: ArrayBufferView;
}

/** A safetensors file of these tensors. */
export async function writeTensors(
  path: string,
  tensors: Readonly<Record<string, GivenTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const planned = Object.entries(tensors).map(
    ([name, { dtype, shape, bytes }]): PlannedTensor => ({ name, dtype, shape, byteLength: bytes.byteLength }),
  );
  const writer = await SafetensorsWriter.create(path, planned, metadata);
  for (const [name, { bytes }] of Object.entries(tensors))
    await writer.write(name, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  await writer.close();
}
