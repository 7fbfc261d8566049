import type { FastifyInstance } from "fastify";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Job } from "../jobs/job";
import type { JobQueue } from "../queues/job-queue";

/** Seconds: a step of a small model to an image of a large one on a CPU. */
const buckets = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000];

/** What Prometheus reads; names as vLLM-Omni's, https://github.com/vllm-project/vllm-omni/issues/6150. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly registers = [this.registry];
  private readonly waited = new Histogram({
    name: "skipstep_queue_wait_seconds",
    help: "From asking to the begin of drawing.",
    buckets,
    registers: this.registers,
  });
  private readonly took = new Histogram({
    name: "skipstep_e2e_latency_seconds",
    help: "From asking to the finished images.",
    buckets,
    registers: this.registers,
  });
  private readonly ended = new Counter({
    name: "skipstep_jobs_total",
    help: "Jobs that are over, by how.",
    labelNames: ["model", "state"],
    registers: this.registers,
  });
  private readonly together = new Histogram({
    name: "skipstep_batch_requests",
    help: "Requests in the batch that drew an image's.",
    buckets: [1, 2, 4, 8, 16],
    registers: this.registers,
  });
  private readonly images = this.counter("skipstep_images_total", "Finished images.");
  private readonly pixels = this.counter("skipstep_pixels_total", "Pixels of finished images.");
  private readonly steps = this.counter("skipstep_steps_total", "Denoising steps.");

  constructor(queue: JobQueue) {
    const { registers } = this;
    new Gauge({
      name: "skipstep_jobs_waiting",
      help: "Jobs that wait.",
      registers,
      async collect() {
        this.set((await queue.count()).waiting);
      },
    });
    new Gauge({
      name: "skipstep_jobs_running",
      help: "Jobs that are drawn.",
      registers,
      async collect() {
        this.set((await queue.count()).running);
      },
    });
    collectDefaultMetrics({ register: this.registry });
  }

  /** Counts a job when it is over. */
  watch(job: Job): void {
    const labels = { model: job.request.model };
    void job.ended.then(() => {
      if (!job.isOver) return;
      this.ended.inc({ ...labels, state: job.state });
      if (job.startedAt !== undefined) this.waited.observe((job.startedAt - job.createdAt) / 1000);
      if (job.state === "completed") this.took.observe((job.endedAt! - job.createdAt) / 1000);
      for (const { together = 1 } of job.reports) this.together.observe(together);
      this.images.inc(labels, job.images.length);
      this.pixels.inc(
        labels,
        job.images.reduce((sum, { width, height }) => sum + width * height, 0),
      );
      this.steps.inc(labels, job.progress?.step ?? 0);
    });
  }

  route(server: FastifyInstance): void {
    const schema = { tags: ["Operation"], summary: "Figures for Prometheus" };
    server.get("/metrics", { schema }, async (_, reply) =>
      reply.type(this.registry.contentType).send(await this.registry.metrics()),
    );
  }

  private counter(name: string, help: string): Counter<"model"> {
    return new Counter({ name, help, labelNames: ["model"], registers: this.registers });
  }
}
