import type { AddressInfo } from "node:net";
import cors from "@fastify/cors";
import multipart from "@fastify/multipart";
import rateLimit from "@fastify/rate-limit";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import Fastify, { type FastifyInstance } from "fastify";
import { a1111Routes } from "./a1111/a1111-routes";
import { type Ask, askOf } from "./ask";
import { checkOptions } from "./check-options";
import { serverAddress, serverOption } from "./errors";
import { ApiError, apiErrorOf } from "./http/api-error";
import { limitBodies } from "./http/bodies";
import { limitConnections } from "./http/connections";
import { guard, isLoopbackAddress } from "./http/guard";
import { Metrics } from "./http/metrics";
import type { Acceptance } from "./jobs/accept";
import type { Job } from "./jobs/job";
import { JobBoard } from "./jobs/job-board";
import { jobRoutes } from "./jobs/job-routes";
import { mcpRoute } from "./mcp-route";
import { ModelPool } from "./models/model-pool";
import { errorBody } from "./openai/error-body";
import { imagesRoutes } from "./openai/images-routes";
import { modelsRoutes } from "./openai/models-routes";
import { type ServerOptions, usualLimits } from "./options";
import { configuredQueue } from "./queues/configured-queue";
import { openQueue } from "./queues/open-queue";
import { formRoutes, studioRoutes } from "./studio/studio-routes";
import { Tracing } from "./tracing/tracing";

/** A server that listens. */
export interface ImageServer {
  /** Where: `http://127.0.0.1:7860`. */
  readonly url: string;
  /** Takes no more requests, lets the running job finish within `graceSeconds`, closes all models. */
  close(): Promise<void>;
}

/** Kept for their owners, and requests that are as large as an image. */
const usual = { host: "127.0.0.1", port: 7860, keptJobs: 100, keptHours: 168, keptGb: 10, graceSeconds: 30 };

/** Milliseconds in which a request must have arrived, body included. */
const arrival = 60_000;

/** A server without an address, for the program that it is in. */
export interface LocalServer {
  readonly ask: Ask;
  /** As `ImageServer.close`. */
  close(): Promise<void>;
}

/**
 * Checks the configs and listens. Models are opened when somebody asks for them.
 * @throws SKIPSTEP_SERVER_UNGUARDED, SKIPSTEP_SERVER_OPTION, SKIPSTEP_SERVER_ADDRESS; what `validateConfig` throws
 */
export async function startServer(options: ServerOptions): Promise<ImageServer> {
  const { server, close } = await createServer(options);
  const { host = usual.host, port = usual.port } = options;
  try {
    await server.listen({ host, port });
  } catch (error) {
    await close();
    throw serverAddress(host, port, error);
  }
  const { port: taken } = server.server.address() as AddressInfo;
  return { url: `http://${host.includes(":") ? `[${host}]` : host}:${taken}`, close };
}

/** The same, asked by calls in place of connections. @throws SKIPSTEP_SERVER_OPTION; what `validateConfig` throws */
export async function localServer(
  options: Omit<ServerOptions, "host" | "port" | "keys" | "cors" | "studio">,
): Promise<LocalServer> {
  const { server, close } = await createServer({ ...options, studio: false });
  await server.ready();
  return { ask: askOf(server), close };
}

interface CreatedServer {
  readonly server: FastifyInstance;
  close(): Promise<void>;
}

async function createServer(options: ServerOptions): Promise<CreatedServer> {
  checkOptions(options);
  const { host = usual.host, port = usual.port, graceSeconds = usual.graceSeconds } = options;
  const pool = await ModelPool.of(options.models, options);
  const limits = { ...usualLimits, ...options.limits };
  const server = Fastify({
    logger: options.log ? { stream: options.log, redact: ["req.headers.authorization"] } : false,
    bodyLimit: limits.bodyBytes,
    requestTimeout: arrival,
    connectionTimeout: 0,
    genReqId: () => crypto.randomUUID(),
    requestIdHeader: "x-request-id",
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
  });
  server.server.headersTimeout = arrival;
  limitConnections(server.server, limits.connections);

  const onError = (job: Job | undefined, error: unknown): void =>
    server.log.error({ err: error, job: job?.id }, job ? "a job failed" : "the queue failed");
  const queueOptions = configuredQueue(pool, { ...options, host, port });
  const { batch = 1 } = options;
  if (batch > 1 && queueOptions.url !== undefined)
    throw serverOption(
      "batch",
      "is for a queue in this process: of a shared one the workers draw, which take it themselves",
    );
  const {
    queue,
    blobs,
    close: closeStores,
  } = await openQueue(queueOptions, {
    pool,
    most: limits.queue,
    batch,
    onError,
  });
  const metrics = new Metrics(queue);
  const tracing = await Tracing.of(process.env);
  const board = new JobBoard(
    queue,
    {
      jobs: options.keptJobs ?? usual.keptJobs,
      hours: options.keptHours ?? usual.keptHours,
      gb: options.keptGb ?? usual.keptGb,
    },
    onError,
  );
  for (const job of await queue.open()) {
    board.add(job);
    if (!job.isOver) metrics.watch(job);
  }
  const acceptance: Acceptance = {
    pool,
    limits,
    plugins: options.plugins ?? [],
    board,
    queue,
    blobs,
    metrics,
    tracing,
  };

  tracing.watchRequests(server);
  await addGuards(server, options, limits.requestsPerMinute, host);
  limitBodies(server, limits.bodyBytes);
  // One byte more than a form may have, which the form counts itself.
  await server.register(multipart, { limits: { fileSize: limits.bodyBytes + 1, files: 32, fields: 100, parts: 132 } });
  await server.register(swagger, { openapi: { info: { title: "Skipstep", version: "1" } } });
  await server.register(swaggerUi, { routePrefix: "/docs" });
  await server.register(async (scope) => {
    scope.get("/health", { config: { open: true }, schema: { tags: ["Operation"] } }, () => ({ status: "ok" }));
    scope.get("/ready", { config: { open: true }, schema: { tags: ["Operation"] } }, () => ({ status: "ready" }));
    metrics.route(scope);
    modelsRoutes(scope, acceptance);
    imagesRoutes(scope, acceptance);
    jobRoutes(scope, acceptance);
    a1111Routes(scope, acceptance);
    mcpRoute(scope);
    formRoutes(scope, acceptance);
    if (options.studio !== false) await studioRoutes(scope);
  });
  const close = async (): Promise<void> => {
    const closing = server.close();
    await queue.close(graceSeconds);
    await closing;
    board.close();
    await closeStores();
    await pool.close();
    await tracing.stop();
  };
  return { server, close };
}

/** What stands before every route: errors, pages of others, keys, rates. */
async function addGuards(
  server: FastifyInstance,
  { keys = [], cors: origins = [] }: ServerOptions,
  rate: number,
  host: string,
): Promise<void> {
  server.setErrorHandler((error, request, reply) => {
    const told = validationError(error) ?? apiErrorOf(error);
    if (told.status >= 500) request.log.error({ err: error }, "a request failed");
    if (told.status === 413) reply.header("connection", "close"); // the rest is not read
    return reply
      .code(told.status)
      .header("x-request-id", request.id)
      .send({ ...errorBody(told), detail: told.message });
  });
  server.setNotFoundHandler((request) => {
    throw new ApiError(404, "not_found", `There is no ${request.method} ${request.url.split("?")[0]} here.`);
  });
  if (origins.length > 0)
    await server.register(cors, { origin: [...origins], exposedHeaders: ["x-request-id", "location"] });
  guard(server, { keys, cors: origins, isLocal: keys.length === 0 && isLoopbackAddress(host) });
  await server.register(rateLimit, {
    max: rate,
    timeWindow: 60_000,
    hook: "preHandler",
    keyGenerator: ({ owner, ip }) => owner || ip,
    allowList: ({ url }) => url === "/health" || url === "/ready",
    errorResponseBuilder: (_, { after }) =>
      new ApiError(429, "rate_limit_exceeded", `More than ${rate} requests a minute. Ask again in ${after}.`),
  });
}

/** What the schema of a body says, as an error that names the field. */
function validationError(error: unknown): ApiError | undefined {
  const { validation } = error as {
    validation?: readonly { instancePath: string; message?: string; params: Record<string, unknown> }[];
  };
  const [first] = validation ?? [];
  if (!first) return undefined;
  const missing = first.params.missingProperty;
  const name = first.instancePath.slice(1).replaceAll("/", ".") || (typeof missing === "string" ? missing : "body");
  const text = typeof missing === "string" ? "is missing" : (first.message ?? "is wrong");
  return new ApiError(
    400,
    typeof missing === "string" ? "missing_parameter" : "invalid_value",
    `"${name}" ${text}.`,
    name,
  );
}
