import type { FastifyInstance } from "fastify";
import type { ModelPool, ServedModel } from "../models/model-pool";

/** OpenAI's list of models. */
export function modelsRoutes(server: FastifyInstance, pool: ModelPool): void {
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
}
