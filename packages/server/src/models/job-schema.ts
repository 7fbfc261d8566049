import { type PictureSetting, pictureSettingNames } from "@skipstep/core";
import type { RequestLimits } from "../options";
import type { ServedModel } from "./model-pool";

type Schema = Readonly<Record<string, unknown>>;

/** JSON Schema of a job's body for one model: its settings within this server's limits, and what is ours. */
export function jobSchema({ id, checked }: ServedModel, limits: RequestLimits, plugins: readonly string[]): Schema {
  const { family, settingsSchema } = checked.model;
  const known = settingsSchema.properties as Readonly<Record<string, Schema>>;
  const most: Readonly<Record<string, number>> = {
    width: limits.side,
    height: limits.side,
    num_inference_steps: limits.steps,
    num_images_per_prompt: limits.n,
  };
  const settings = Object.keys(family.settings)
    .filter((name) => name !== "loras" && known[name] !== undefined)
    .map((name): [string, Schema] => {
      if ((pictureSettingNames as readonly string[]).includes(name)) return [name, pictures[name as PictureSetting]];
      const usual = (checked.config.generate as Schema)[name];
      return [
        name,
        {
          ...known[name],
          ...(usual === undefined ? {} : { default: usual }),
          ...(most[name] === undefined ? {} : { maximum: most[name] }),
        },
      ];
    });
  const loras = Object.keys(checked.config.request_loras ?? {});
  const usable = [...new Set([...checked.config.plugins.map(({ use }) => use), ...plugins])];
  return {
    type: "object",
    additionalProperties: false,
    properties: {
      model: { type: "string", enum: [id] },
      ...Object.fromEntries(settings),
      scheduler: {
        description: "A scheduler's class, or an object with its type and options; the config's if left out.",
      },
      ...(usable.length > 0
        ? { plugins: choices(usable, "use", "All plugins of this request; the config's if left out.") }
        : {}),
      ...(loras.length > 0 ? { lora: choices(loras, "name", "LoRAs of this request.") } : {}),
      output_format: { type: "string", enum: ["png", "jpeg", "webp"], default: "png" },
      output_compression: { type: "integer", minimum: 0, maximum: 100, description: "Quality of JPEG and WebP." },
    },
  };
}

/** A name, or an object with the name and more. */
function choices(names: readonly string[], key: string, description: string): Schema {
  const name = { type: "string", enum: names };
  const object = { type: "object", required: [key], properties: { [key]: name } };
  return { type: "array", items: { anyOf: [name, object] }, description };
}

const bytes = "a PNG, JPEG or WebP in base64, or a data: address of it.";
const several = { type: ["string", "array"], items: { type: "string" }, minItems: 1 };

const pictures: Readonly<Record<PictureSetting, Schema>> = {
  image: { ...several, description: `The image to begin with, or one or several to look at, by model: ${bytes}` },
  mask: { type: "string", description: `What is white in it is painted anew, what is black stays: ${bytes}` },
  image_reference: { ...several, description: `Images to look at while another one is inpainted: ${bytes}` },
  control_image: { ...several, description: `The picture that a ControlNet follows, one for each net: ${bytes}` },
};
