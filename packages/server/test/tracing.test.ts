import { AsyncResource } from "node:async_hooks";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startServer } from "../src";
import { served } from "./served";

/** A span of OTLP's JSON. */
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: { key: string; value: Record<string, unknown> }[];
}

interface Batch {
  readonly resourceSpans: { resource: { attributes: Span["attributes"] }; scopeSpans: { spans: Span[] }[] }[];
}

const batches: Batch[] = [];
const before = { ...process.env };
let collector: Server;
beforeAll(async () => {
  collector = createServer((request, response) => {
    void json(request).then((body) => {
      batches.push(body as Batch);
      response.end("{}");
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  Object.assign(process.env, {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_SERVICE_NAME: "drawing",
    OTEL_BSP_SCHEDULE_DELAY: "50",
  });
});
afterAll(() => {
  for (const name of Object.keys(process.env)) if (before[name] === undefined) delete process.env[name];
  collector.close();
});
const server = served();

const spans = (): Span[] =>
  batches.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans)),
  );
const value = ({ attributes }: Span, key: string): unknown =>
  Object.values(attributes.find((one) => one.key === key)?.value ?? {})[0];

it("sends spans of a request, its wait and its steps to the collector", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
  const asked = await server.ask(
    "/v1/images/generations",
    { prompt: "red heart", num_inference_steps: 3, seed: 4 },
    { headers },
  );
  expect(asked.status).toBe(200);
  const named = (name: string): Span[] => spans().filter((span) => span.name === name && span.traceId === traceId);
  await expect.poll(() => named("POST /v1/images/generations"), { timeout: 30_000 }).toHaveLength(1);
  const [request] = named("POST /v1/images/generations");
  expect(request!.parentSpanId).toBe("b7ad6b7169203331");
  expect(value(request!, "http.response.status_code")).toBe(200);
  const [queue, generate, denoise] = ["queue", "generate", "denoise"].map((name) => named(name)[0]!);
  expect([queue!.parentSpanId, generate!.parentSpanId]).toEqual([request!.spanId, request!.spanId]);
  expect([value(generate!, "skipstep.model"), value(generate!, "skipstep.state")]).toEqual(["emoji", "completed"]);
  for (const phase of ["open", "encode", "denoise", "decode"])
    expect(named(phase).map(({ parentSpanId }) => parentSpanId)).toEqual([generate!.spanId]);
  const steps = named("step");
  expect(steps.map((step) => [step.parentSpanId, value(step, "skipstep.step")])).toEqual(
    [1, 2, 3].map((step) => [denoise!.spanId, step]),
  );
  for (const span of [queue!, generate!, denoise!, ...steps])
    expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
  expect(batches[0]!.resourceSpans[0]!.resource.attributes).toContainEqual({
    key: "service.name",
    value: { stringValue: "drawing" },
  });
  expect(JSON.stringify(batches)).not.toContain("red heart");
});

it("has no spans of who only looks whether it is there, and ends those of failures", async () => {
  await server.ask("/health");
  const refused = await server.ask("/v1/jobs", { prompt: "x", foo: 1 });
  expect(refused.status).toBe(400);
  const request = () => spans().find(({ name }) => name === "POST /v1/jobs");
  await expect.poll(request, { timeout: 30_000 }).toBeDefined();
  expect(value(request()!, "http.response.status_code")).toBe(400);
  expect(spans().map(({ name }) => name)).not.toContain("GET /health");
});

it("is told of a protocol that it does not speak", async () => {
  process.env.OTEL_EXPORTER_OTLP_PROTOCOL = "grpc";
  const started = startServer({ models: [{ id: "emoji", config: server.config }], port: 0 });
  await expect(started).rejects.toMatchObject({ code: "SKIPSTEP_SERVER_OPTION" });
});

it("leaves nothing that promises carry, however many servers a process has started", async () => {
  const ask = async (): Promise<number> => {
    const started = await startServer({ models: [{ id: "emoji", config: server.config }], port: 0 });
    expect((await fetch(`${started.url}/v1/models`)).status).toBe(200);
    await started.close();
    return Object.getOwnPropertySymbols(new AsyncResource("test")).length; // one a storage, on Node 20 and 22
  };
  process.env.OTEL_EXPORTER_OTLP_PROTOCOL = "http/json";
  const first = await ask();
  for (let i = 0; i < 3; i++) expect(await ask()).toBe(first);
});
