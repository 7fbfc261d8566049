import {
  type FormatTensor,
  FormatWeights,
  type OpenWeights,
  plainTensor,
  type WeightFormat,
} from "@skipstep/core/plugin";
import { fourBitTensor } from "./four-bit-tensor";
import { int8Tensor } from "./int8-tensor";
import { weightOfState } from "./quant-state";

/** Tensors beside a weight that say how to read it. */
const beside = /^(.*)\.(absmax|quant_map|nested_absmax|nested_quant_map|quant_state\.bitsandbytes__\w+)$/;

/** Checkpoints that bitsandbytes wrote, by way of diffusers or transformers. */
export const bnbFormat: WeightFormat = {
  name: "bnb",
  quantMethods: ["bitsandbytes", "bitsandbytes_4bit", "bitsandbytes_8bit"],
  matches: (entries) => entries.some(({ name }) => weightOfState(name) !== undefined || name.endsWith(".SCB")),
  open({ path, tensors, quantization }) {
    if (!tensors) throw new TypeError("checkpoints of bitsandbytes are safetensors");
    const threshold = quantization.llm_int8_threshold;
    return new FormatWeights({
      format: "bnb",
      revision: 2,
      origin: tensors,
      tensors: tensorsOf(tensors, path, typeof threshold === "number" ? threshold : undefined),
    });
  },
};

function tensorsOf(tensors: OpenWeights, path: string, threshold: number | undefined): Map<string, FormatTensor> {
  const fourBit = new Set(tensors.names.flatMap((name) => weightOfState(name) ?? []));
  const int8 = new Set(tensors.names.filter((name) => name.endsWith(".SCB")).map((name) => name.slice(0, -4)));
  const found = new Map<string, FormatTensor>();
  for (const name of tensors.names) {
    const [, weight = ""] = beside.exec(name) ?? [];
    const module = name.slice(0, name.lastIndexOf("."));
    const own = name.slice(name.lastIndexOf(".") + 1);
    if (fourBit.has(weight)) continue;
    if (int8.has(module) && (own === "SCB" || own === "weight_format")) continue;
    if (fourBit.has(name)) found.set(name, fourBitTensor(tensors, path, name));
    else if (int8.has(module) && own === "weight") found.set(name, int8Tensor(tensors, path, module, threshold));
    else found.set(name, plainTensor(tensors, name));
  }
  return found;
}
