import { requestInvalid } from "../errors/pipeline";
import { shown } from "../errors/shown";
import { optionProblems } from "../schema/check-arguments";
import { isObject } from "../schema/json";
import { type Floats, sizeOf } from "../tensor";
import { pictureExtras } from "./request";

/**
 * Checks what a request has beside its settings, and that it is one at all.
 * @throws SKIPSTEP_REQUEST_INVALID
 */
export function checkRequest(request: unknown): void {
  if (!isObject(request)) throw requestInvalid([`the request must be an object, found ${shown(request)}`]);
  const { latents, signal, onProgress, previews, scheduler } = request;
  const problems = [
    ...optionProblems({ signal, onProgress, previews, scheduler }),
    ...(latents === undefined ? [] : latentsProblems(latents)),
    ...Object.values(pictureExtras).flatMap((key) => [request[key] ?? []].flat().flatMap(pictureProblems(key))),
  ];
  if (problems.length > 0) throw requestInvalid(problems);
}

/** Starting noise of the size that the settings ask for. @throws SKIPSTEP_REQUEST_INVALID */
export function checkLatents({ shape }: Floats, expected: readonly number[]): void {
  if (shape.join() !== expected.join())
    throw requestInvalid([`"latents" must be [${expected.join(", ")}] at these settings, found [${shape.join(", ")}]`]);
}

function latentsProblems(latents: unknown): string[] {
  const { dtype, shape, data } = isObject(latents) ? latents : {};
  if (dtype !== "float32" || !isShape(shape) || !(data instanceof Float32Array))
    return [`"latents" must be a float32 tensor { dtype, shape, data }, found ${shown(latents)}`];
  return data.length === sizeOf(shape) && shape.length === 4
    ? []
    : [
        `"latents" must have the shape [B, C, H, W] and as many elements, found [${shape.join(", ")}] and ${data.length}`,
      ];
}

function pictureProblems(key: string): (picture: unknown) => string[] {
  return (picture) => {
    const { width, height, values } = isObject(picture) ? picture : {};
    if (!isShape([width, height]) || !(values instanceof Float32Array))
      return [`"${key}" must be an image { width, height, values }, found ${shown(picture)}`];
    const count = (width as number) * (height as number) * 3;
    if (values.length !== count) return [`"${key}" must have ${count} values for its size, found ${values.length}`];
    const odd = values.find((value) => !Number.isFinite(value));
    return odd === undefined ? [] : [`"${key}" must have finite values, found ${odd}`];
  };
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((side) => Number.isSafeInteger(side) && side >= 1);
}
