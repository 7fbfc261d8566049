import { profileOf } from "../compiler/providers/profile";
import { list } from "../errors/nearest";
import type { Note } from "../weights/checkpoint/note";
import type { BuiltModel } from "./build-model";

/** What is stored in 16 bits, where it is computed so, and what not. @param device where a model says nothing */
export function dtypeNotes(models: readonly BuiltModel[], device: string): Note[] {
  return models
    .filter(({ dtype }) => dtype !== "float32")
    .map(({ name, dtype, source, devices }) => {
      const providers = [...new Set(devices.map((given = device) => given))];
      const computing = providers.filter((provider) => profileOf(provider).halfOperators);
      const parts = source.model.architecture.float32?.(source.config) ?? [];
      const reasons = [...new Set(parts.map(({ reason }) => reason))];
      const but = reasons.length === 0 ? "" : `, parts of it in float32: ${reasons.join("; ")}`;
      const others = providers.filter((provider) => !computing.includes(provider)).map((provider) => `"${provider}"`);
      const said = [
        ...(computing.length > 0 ? [`computed in it on ${list(computing.map((one) => `"${one}"`))}${but}`] : []),
        ...(others.length > 0 ? [`computed in float32 on ${list(others)}`] : []),
      ];
      return { kind: "conclusion", text: `${name}: weights in ${dtype}, ${said.join(", and ")}.` };
    });
}
