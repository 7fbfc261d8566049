import { invalidField, unsupportedField } from "../http/api-error";
import { ownFields } from "../http/own-fields";
import { settingsAmong } from "../jobs/accept";
import type { ImageRequest, OutputFormat, Uploads } from "../jobs/image-request";
import type { ModelPool } from "../models/model-pool";

/** What a request says besides its image. */
export interface ImagesRequest {
  readonly request: ImageRequest;
  readonly responseFormat: "b64_json" | "url";
  readonly stream: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const formats: readonly OutputFormat[] = ["png", "jpeg", "webp"];

/**
 * A body of OpenAI's Images API as a request of ours. All else in it must be a setting of the model: `seed`,
 * `negative_prompt`, `num_inference_steps`, ... https://platform.openai.com/docs/api-reference/images
 * @throws ApiError with the field that cannot be honoured
 */
export function imagesRequest(body: Fields, uploads: Uploads, pool: ModelPool): ImagesRequest {
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  const { model: id, prompt, n, size, quality, background, output_format, output_compression, ...others } = given;
  const { response_format, moderation, style, user, stream, partial_images, ...rest } = others;
  if (id !== undefined && typeof id !== "string") throw invalidField("model", id, "a text");
  if (typeof prompt !== "string") throw invalidField("prompt", prompt, "a text");
  if (user !== undefined && typeof user !== "string") throw invalidField("user", user, "a text");
  oneOf("quality", quality, ["auto", "standard"], "has no grades here: set num_inference_steps");
  oneOf("background", background, ["auto", "opaque"], "can only be opaque");
  oneOf("moderation", moderation, ["auto", "low"], "is not done here");
  if (style !== undefined) throw unsupportedField("style", style, "is for the prompt to say");

  const model = pool.get(id);
  const { plugins, scheduler, priority, ...own } = ownFields(rest);
  const isStream = flag("stream", stream);
  const previews = count("partial_images", partial_images, 0, 3) ?? 0;
  if (previews > 0 && !isStream) throw unsupportedField("partial_images", previews, "is for requests with stream");
  const images = count("n", n, 1, Number.MAX_SAFE_INTEGER);
  if (isStream && (images ?? 1) > 1) throw unsupportedField("n", images, "must be 1 with stream");
  const format = (output_format ?? "png") as OutputFormat;
  if (!formats.includes(format)) throw invalidField("output_format", output_format, "png, jpeg or webp");
  const compression = count("output_compression", output_compression, 0, 100);
  if (format === "png" && (compression ?? 100) !== 100)
    throw unsupportedField("output_compression", compression, "is for jpeg and webp");
  const settings = settingsAmong({ ...own, ...sizeOf(size) }, model);
  return {
    request: {
      model: model.id,
      settings: { ...settings, prompt, ...(images === undefined ? {} : { num_images_per_prompt: images }) },
      scheduler,
      plugins,
      uploads,
      output: { format, compression },
      previews,
      priority,
      isAwaited: true,
    },
    responseFormat: oneOf("response_format", response_format, ["b64_json", "url"]) ?? "b64_json",
    stream: isStream,
  };
}

function sizeOf(size: unknown): { width?: number; height?: number } {
  if (size === undefined || size === "auto") return {};
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(String(size)) ?? [];
  if (width === undefined) throw invalidField("size", size, 'of the form "1024x768", or "auto"');
  return { width: Number(width), height: Number(height) };
}

function oneOf<Text extends string>(
  name: string,
  value: unknown,
  texts: readonly Text[],
  why = `must be ${texts.join(" or ")}`,
): Text | undefined {
  if (value === undefined || texts.includes(value as Text)) return value as Text | undefined;
  throw unsupportedField(name, value, why);
}

/** Forms have texts only. */
function flag(name: string, value: unknown): boolean {
  if (value === undefined || value === false || value === "false") return false;
  if (value === true || value === "true") return true;
  throw invalidField(name, value, "true or false");
}

function count(name: string, value: unknown, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= least && number <= most) return number;
  throw invalidField(
    name,
    value,
    `a whole number, ${least} or more${most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : ""}`,
  );
}
