import { withoutPaths } from "../http/without-paths";
import type { ServedModel } from "./model-pool";

/** What `skipstep inspect` shows of a model, without a path of the machine. */
export function inspectionReply({ id, inspection }: ServedModel): object {
  const { className, scheduler, structure, components, notes, plugins, memory, estimatedMemory } = inspection;
  return withoutPaths({
    model: id,
    pipeline: className,
    scheduler,
    structure,
    memory: { mode: memory, estimated_bytes: estimatedMemory },
    components: components.map((component) => ({
      name: component.name,
      class: component.className,
      format: component.source.format,
      parameters: component.parameters,
      dtypes: component.dtypes,
      dtype: component.dtype,
      stored_bytes: component.storedBytes,
      weight_bytes: component.weightBytes,
      activation_bytes: component.activationBytes,
      segments: component.segments.length,
      devices: [...new Set(component.segments.map(({ device }) => device))],
    })),
    plugins: plugins.map(({ name, version, description, options, hooks }) => ({
      name,
      version,
      description,
      options,
      hooks,
    })),
    notes: notes.map(({ kind, text }) => ({ kind, text })),
  }) as object;
}
