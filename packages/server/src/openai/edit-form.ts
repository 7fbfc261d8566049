import { type PictureSetting, shownMask } from "@skipstep/core";
import type { FastifyRequest } from "fastify";
import { ApiError, invalidField, unknownField } from "../http/api-error";
import { bodyTooLarge } from "../http/bodies";
import type { Uploads } from "../jobs/image-request";

/** A form of `/v1/images/edits`. */
export interface EditForm {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly uploads: Uploads;
}

/** Fields that hold files, and the settings that they become. */
const fileFields: Readonly<Record<string, PictureSetting>> = {
  image: "image",
  "image[]": "image",
  mask: "mask",
  "image_reference[]": "image_reference",
  image_reference: "image_reference",
  control_image: "control_image",
  "control_image[]": "control_image",
};

/** Settings that forms can only give as text, and which are none. */
const texts: ReadonlySet<string> = new Set(["prompt", "negative_prompt", "model", "user"]);

/**
 * @param mostBytes of all parts together
 * @throws ApiError
 */
export async function readForm(request: FastifyRequest, mostBytes: number): Promise<EditForm> {
  if (!request.isMultipart())
    throw new ApiError(415, "unsupported_media_type", "Edits are sent as multipart/form-data, with the files in it.");
  const fields: Record<string, unknown> = {};
  const uploads: Partial<Record<PictureSetting, Uint8Array[]>> = {};
  let bytes = 0;
  const count = (part: number): void => {
    bytes += part;
    if (bytes > mostBytes) throw bodyTooLarge(mostBytes);
  };
  for await (const part of request.parts()) {
    const { fieldname: name } = part;
    if (part.type === "file") {
      const setting = fileFields[name];
      if (!setting) throw unknownField(name);
      const chunks: Buffer[] = [];
      for await (const chunk of part.file as AsyncIterable<Buffer>) {
        count(chunk.length);
        chunks.push(chunk);
      }
      uploads[setting] = [...(uploads[setting] ?? []), Buffer.concat(chunks)];
    } else if (Object.hasOwn(fileFields, name)) {
      throw invalidField(name, part.value, "a file");
    } else {
      count(String(part.value).length);
      fields[name] = texts.has(name) ? part.value : plain(String(part.value));
    }
  }
  if (!uploads.image)
    throw new ApiError(400, "missing_parameter", `"image" is missing: edits begin with one.`, "image");
  if (uploads.mask) uploads.mask = await Promise.all(uploads.mask.map((bytes) => shownMask(bytes, "mask")));
  return { fields, uploads };
}

/** Numbers, lists and objects as JSON has them; all else is a text. */
function plain(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
