import { JsonError, parseJson } from "@skipstep/core";
import type { FastifyInstance } from "fastify";
import { ApiError } from "./api-error";

/**
 * What bodies may be, told before they are read where they say how long they are. JSON is read by core's parser, which
 * counts depth and values first: whoever walks over a body may recurse as deep as it goes.
 */
export function limitBodies(server: FastifyInstance, bytes: number): void {
  server.addHook("onRequest", async ({ headers }) => {
    if (Number(headers["content-length"]) > bytes) throw bodyTooLarge(bytes);
  });
  server.removeContentTypeParser("application/json");
  server.addContentTypeParser("application/json", { parseAs: "string", bodyLimit: bytes }, (_, body, done) => {
    try {
      done(null, parseJson(body as string));
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      done(new ApiError(400, "invalid_json", `The body ${error.message}.`));
    }
  });
}

export function bodyTooLarge(bytes: number): ApiError {
  return new ApiError(413, "body_too_large", `A request may have ${bytes} bytes.`);
}
