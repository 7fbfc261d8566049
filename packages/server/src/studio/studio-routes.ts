import { readdirSync } from "node:fs";
import fastifyStatic from "@fastify/static";
import { readRecipe } from "@skipstep/core";
import { type ModelForm, studioFolder } from "@skipstep/studio";
import type { FastifyInstance } from "fastify";
import { bytesOf } from "../http/base64";
import type { Acceptance } from "../jobs/accept";
import { modelForm } from "../models/model-form";
import { recipeForm } from "./recipe-form";

/** The page loads nothing but its own files, shows pictures that it made, and asks nobody but this server. */
const pageHeaders = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** The web page. Its files say nothing of jobs, and are there without a key. */
export async function studioRoutes(server: FastifyInstance): Promise<void> {
  await server.register(fastifyStatic, { root: studioFolder, serve: false });
  for (const file of readdirSync(studioFolder)) {
    const path = file === "index.html" ? "/" : `/studio/${file}`;
    server.get(path, { config: { open: true }, schema: { hide: true } }, (_, reply) =>
      reply.headers(pageHeaders).sendFile(file),
    );
  }
}

/** What a page needs to show a form, and to fill it in from an image. */
export function formRoutes(server: FastifyInstance, { pool, plugins, limits }: Acceptance): void {
  const tags = ["Forms"];
  const forms = new Map<string, Promise<ModelForm>>();
  server.get<{ Params: { id: string } }>(
    "/v1/models/:id/form",
    { schema: { tags, summary: "JSON schemas and defaults of all that a request to a model may say" } },
    ({ params }) => {
      const model = pool.get(params.id);
      const form = forms.get(model.id) ?? modelForm(model, { plugins, limits });
      forms.set(model.id, form);
      form.catch(() => forms.delete(model.id));
      return form;
    },
  );
  server.post<{ Body: { image: string } }>(
    "/v1/recipes",
    { schema: { tags, summary: "What the recipe in a PNG comes to as a request", body: recipeBody } },
    ({ body }, reply) => reply.send(recipeForm(readRecipe(bytesOf("image", body.image), "image"), pool.models)),
  );
}

const recipeBody = {
  type: "object",
  additionalProperties: false,
  required: ["image"],
  properties: { image: { type: "string", description: "the PNG as base64" } },
} as const;
