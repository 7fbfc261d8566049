import path from "node:path";
import { isObject, type JsonObject, type JsonPath } from "../schema/json";

/** Writes the folders of a config's queue as absolute paths. What is none is left to the schema. */
export function placeQueue(config: JsonObject, folderOf: (at: JsonPath) => string): void {
  const { queue } = config;
  if (!isObject(queue)) return;
  const placed = Object.entries(queue).map(([name, place]) => {
    const isFolder = name === "folder" || (name === "blobs" && typeof place === "string" && !place.includes("://"));
    return [
      name,
      isFolder && typeof place === "string" && place !== "" ? path.resolve(folderOf(["queue", name]), place) : place,
    ];
  });
  config.queue = Object.fromEntries(placed);
}
