import { serverOption, serverUnguarded } from "./errors";
import { isLoopbackAddress } from "./http/guard";
import { type ServerOptions, usualLimits } from "./options";

/** @throws SKIPSTEP_SERVER_OPTION, SKIPSTEP_SERVER_UNGUARDED */
export function checkOptions({
  models,
  host = "127.0.0.1",
  port = 0,
  keys = [],
  cors = [],
  limits = {},
  batch = 1,
}: ServerOptions): void {
  checkModels(models);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw serverOption("port", `must be 0 to 65535, found ${port}`);
  checkBatch(batch);
  for (const { name, sha256 } of keys)
    if (name === "" || !/^[0-9a-f]{64}$/.test(sha256))
      throw serverOption("keys", `has "${name}" without a SHA-256 of 64 hexadecimal digits`);
  for (const origin of cors)
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw serverOption("cors", `must be origins such as https://example.org, found "${origin}"`);
  for (const [name, value] of Object.entries(limits))
    if (!Object.hasOwn(usualLimits, name) || !(Number.isInteger(value) && value > 0))
      throw serverOption(
        "limits",
        `must be whole numbers above 0 of ${Object.keys(usualLimits).join(", ")}, found "${name}": ${value}`,
      );
  if (keys.length === 0 && !isLoopbackAddress(host)) throw serverUnguarded(host);
}

/** @throws SKIPSTEP_SERVER_OPTION */
export function checkModels(models: ServerOptions["models"]): void {
  if (!Array.isArray(models) || models.length === 0)
    throw serverOption("models", "must be a list of one config or more");
  const ids = models.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined)
    throw serverOption("models", `has "${twice}" twice. Name one of them otherwise: other=${twice}.json`);
}

/** @throws SKIPSTEP_SERVER_OPTION */
export function checkBatch(batch: number): void {
  if (!Number.isInteger(batch) || batch < 1)
    throw serverOption("batch", `must be a whole number above 0, found ${batch}`);
}
