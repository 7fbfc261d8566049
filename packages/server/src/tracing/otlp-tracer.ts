import type { TextMapPropagator, Tracer } from "@opentelemetry/api";
import { version } from "../../package.json";
import { serverOption } from "../errors";

/** Spans on their way to a collector. */
export interface OtlpTracer {
  readonly tracer: Tracer;
  /** Reads whose request it is a part of. */
  readonly propagator: TextMapPropagator;
  /** Sends what waits; gives up when the collector does not answer. */
  stop(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Milliseconds that the last spans have to be taken in. */
const patience = 3000;

/**
 * A tracer for the collector of the environment, as https://opentelemetry.io/docs/specs/otel/protocol/exporter/ says;
 * nothing of it is loaded where there is none.
 * @throws SKIPSTEP_SERVER_OPTION for a protocol that is not spoken
 */
export async function otlpTracer(environment: Environment): Promise<OtlpTracer | undefined> {
  const address = environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? environment.OTEL_EXPORTER_OTLP_ENDPOINT;
  const isOff = environment.OTEL_SDK_DISABLED === "true" || environment.OTEL_TRACES_EXPORTER === "none";
  if (!address || isOff) return undefined;
  const { OTLPTraceExporter } = await exporterFor(
    environment.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? environment.OTEL_EXPORTER_OTLP_PROTOCOL ?? "http/protobuf",
  );
  const { BatchSpanProcessor, NodeTracerProvider } = await import("@opentelemetry/sdk-trace-node");
  const { W3CTraceContextPropagator } = await import("@opentelemetry/core");
  const { detectResources, envDetector, resourceFromAttributes } = await import("@opentelemetry/resources");
  const own = resourceFromAttributes({ "service.name": "skipstep", "service.version": version });
  const provider = new NodeTracerProvider({
    resource: own.merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  return {
    tracer: provider.getTracer("@skipstep/server", version),
    propagator: new W3CTraceContextPropagator(),
    stop: async () => {
      const given = new Promise((resolve) => setTimeout(resolve, patience).unref());
      await Promise.race([provider.shutdown().catch(() => undefined), given]);
    },
  };
}

async function exporterFor(protocol: string) {
  if (protocol === "http/protobuf") return import("@opentelemetry/exporter-trace-otlp-proto");
  if (protocol === "http/json") return import("@opentelemetry/exporter-trace-otlp-http");
  throw serverOption("OTEL_EXPORTER_OTLP_PROTOCOL", `must be http/protobuf or http/json, found "${protocol}"`);
}
