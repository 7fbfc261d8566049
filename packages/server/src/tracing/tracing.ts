import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { version } from "../../package.json";
import type { Job } from "../jobs/job";
import { JobSpans } from "./job-spans";
import { otlpTracer } from "./otlp-tracer";

/** Of headers, by OpenTelemetry's interface. */
const headersOf = {
  get: (carrier: FastifyRequest["headers"], key: string) => carrier[key],
  keys: (carrier: FastifyRequest["headers"]) => Object.keys(carrier),
};

/** Of the request that the running code works for. One for all servers: Node keeps a storage that was used for good. */
const requests = new AsyncLocalStorage<Context>();

/**
 * Spans of requests and of their jobs: to the collector of the environment where there is one, else to the provider of
 * the application that the server is in, and else to nobody.
 */
export class Tracing {
  private readonly spans = new WeakMap<FastifyRequest, Span>();

  private constructor(
    private readonly tracer: Tracer,
    /** What a request continues. */
    private readonly parentOf: (headers: FastifyRequest["headers"]) => Context,
    /** Sends what waits. */
    readonly stop: () => Promise<void>,
  ) {}

  /** @throws SKIPSTEP_SERVER_OPTION */
  static async of(environment: Readonly<Record<string, string | undefined>>): Promise<Tracing> {
    const otlp = await otlpTracer(environment);
    if (otlp) {
      const { tracer, propagator, stop } = otlp;
      return new Tracing(tracer, (headers) => propagator.extract(ROOT_CONTEXT, headers, headersOf), stop);
    }
    const tracer = trace.getTracer("@skipstep/server", version);
    return new Tracing(
      tracer,
      (headers) => propagation.extract(context.active(), headers, headersOf),
      async () => {},
    );
  }

  /** A span for each request but those that look whether the server is there. */
  watchRequests(server: FastifyInstance): void {
    server.addHook("onRequest", async (request, reply) => {
      const { url: route } = request.routeOptions;
      if (route === "/health" || route === "/ready" || route === "/metrics") return;
      const attributes = {
        "http.request.method": request.method,
        "url.path": request.url.split("?")[0]!,
        ...(route === undefined ? {} : { "http.route": route }),
        "skipstep.request_id": request.id,
      };
      const name = route === undefined ? request.method : `${request.method} ${route}`;
      const span = this.tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, this.parentOf(request.headers));
      this.spans.set(request, span);
      const { raw } = reply; // closed in any case, also where a stream's client goes away
      raw.once("close", () => {
        span.setAttribute("http.response.status_code", raw.statusCode);
        if (raw.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      });
    });
    server.addHook("preHandler", (request, _, done) => {
      const span = this.spans.get(request);
      if (span) requests.run(trace.setSpan(ROOT_CONTEXT, span), done);
      else done();
    });
  }

  /** Spans of a job, below the request that it came with. */
  watch(job: Job): void {
    const spans = new JobSpans(this.tracer, requests.getStore() ?? ROOT_CONTEXT, job);
    job.listen((event) => spans.hear(event));
  }
}
