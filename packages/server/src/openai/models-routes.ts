import type { FastifyInstance } from "fastify";
import type { Acceptance } from "../jobs/accept";
import { inspectionReply } from "../models/inspection-reply";
import { jobSchema } from "../models/job-schema";
import type { ServedModel } from "../models/model-pool";

/** OpenAI's list of models, and what there is to know of one. */
export function modelsRoutes(server: FastifyInstance, { pool, limits, plugins }: Acceptance): void {
  const created = Math.floor(Date.now() / 1000);
  const described = ({ id, isOpen, checked }: ServedModel): object => ({
    id,
    object: "model",
    created,
    owned_by: "skipstep",
    skipstep: {
      pipeline: checked.model.family.className,
      open: isOpen,
      settings: Object.keys(checked.model.family.settings),
      plugins: checked.config.plugins.map(({ use }) => use),
      loras: Object.keys(checked.config.request_loras ?? {}),
    },
  });
  const schema = { tags: ["OpenAI"], summary: "Models that can be asked for" };
  server.get("/v1/models", { schema }, () => ({ object: "list", data: pool.models.map(described) }));
  server.get<{ Params: { id: string } }>("/v1/models/:id", { schema }, ({ params }) => described(pool.get(params.id)));
  server.get<{ Params: { id: string } }>(
    "/v1/models/:id/schema",
    { schema: { tags: ["Jobs"], summary: "JSON Schema of a job of this model" } },
    ({ params }) => jobSchema(pool.get(params.id), { plugins, limits }),
  );
  server.get<{ Params: { id: string } }>(
    "/v1/models/:id/inspection",
    { schema: { tags: ["Jobs"], summary: "Components, memory and plugins of a model" } },
    ({ params }) => inspectionReply(pool.get(params.id)),
  );
}
