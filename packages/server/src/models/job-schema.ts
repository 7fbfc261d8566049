import { imagesSettingOf } from "@skipstep/core";
import type { RequestLimits } from "../options";
import { modelForm } from "./model-form";
import type { ServedModel } from "./model-pool";

type Schema = Readonly<Record<string, unknown>>;

/** JSON Schema of a job's body for one model: what its form offers, within this server's limits. */
export async function jobSchema(
  model: ServedModel,
  offered: { readonly plugins: readonly string[]; readonly limits: RequestLimits },
): Promise<Schema> {
  const form = await modelForm(model, offered);
  const images = imagesSettingOf(model.checked);
  const known = model.checked.model.settingsSchema.properties as Readonly<Record<string, Schema>>;
  const { n, side, steps } = form.limits;
  const most: Readonly<Record<string, number>> = { width: side, height: side, num_inference_steps: steps, [images]: n };
  const { subject } = form;
  const isNeeded = (name: string): boolean => name === subject && model.checked.config.generate[name] === undefined;
  const settings = Object.entries({ ...form.settings, [images]: known[images]! }).map(([name, setting]) => [
    name,
    {
      ...setting,
      ...(form.defaults[name] === undefined || isNeeded(name) ? {} : { default: form.defaults[name] }),
      ...(most[name] === undefined ? {} : { maximum: most[name] }),
    },
  ]);
  const uses = form.plugins.map(({ use }) => use);
  return {
    type: "object",
    additionalProperties: false,
    properties: {
      model: { type: "string", enum: [form.id] },
      ...Object.fromEntries(settings),
      ...Object.fromEntries(form.pictures.map((name) => [name, pictures[name]])),
      scheduler: { ...choice(Object.keys(form.schedulers), "type"), description: "The config's when left out." },
      ...(uses.length > 0 ? { plugins: choices(uses, "use", "All of this request; the config's when left out.") } : {}),
      ...(form.loras.length > 0 ? { lora: choices(form.loras, "name", "LoRAs of this request.") } : {}),
      output_format: { type: "string", enum: ["png", "jpeg", "webp"], default: "png" },
      output_compression: { type: "integer", minimum: 0, maximum: 100, description: "Quality of JPEG and WebP." },
    },
    required: subject !== null && isNeeded(subject) ? [subject] : [],
  };
}

function choices(names: readonly string[], key: string, description: string): Schema {
  return { type: "array", items: choice(names, key), description };
}

/** A name, or an object with the name and more. */
function choice(names: readonly string[], key: string): Schema {
  const name = { type: "string", enum: names };
  return { anyOf: [name, { type: "object", required: [key], properties: { [key]: name } }] };
}

const bytes = "a PNG, JPEG or WebP in base64, or a data: address of it.";
const several = { type: ["string", "array"], items: { type: "string" }, minItems: 1 };

/** As a job takes them, by setting. */
const pictures: Readonly<Record<string, Schema>> = {
  image: { ...several, description: `The image to begin with, or one or several to look at, by model: ${bytes}` },
  mask: { type: "string", description: `What is white in it is painted anew, what is black stays: ${bytes}` },
  image_reference: { ...several, description: `Images to look at while another one is inpainted: ${bytes}` },
  control_image: { ...several, description: `The picture that a ControlNet follows, one for each net: ${bytes}` },
};
