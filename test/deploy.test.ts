import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load, loadAll } from "js-yaml";
import { describe, expect, it } from "vitest";
import { createProgram } from "../packages/cli/src/program";
import type { Session } from "../packages/cli/src/session";
import { Terminal } from "../packages/cli/src/terminal";
import { makeKey } from "../packages/server/src";
import { served } from "../packages/server/test/served";

const server = served({ keys: [makeKey("ann").entry] });
const read = (name: string): string => readFileSync(join(import.meta.dirname, "../deploy", name), "utf8");

interface Compose {
  readonly services: Record<
    string,
    { command?: string[]; ports: string[]; healthcheck?: { test: string[] }; stop_grace_period?: string }
  >;
}

interface Probe {
  readonly httpGet: { path: string; port: string };
}

interface Container {
  readonly args: string[];
  readonly ports: { name: string; containerPort: number }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly volumeMounts: { name: string; mountPath: string }[];
}

interface Manifest {
  readonly kind: string;
  readonly spec: {
    readonly replicas: number;
    readonly strategy: { type: string };
    readonly template: {
      spec: { terminationGracePeriodSeconds: number; containers: Container[]; volumes: { name: string }[] };
    };
  };
}

/** Options as the command understands them. */
function serveOptions(args: readonly string[]): Readonly<Record<string, unknown>> {
  const program = createProgram({ terminal: new Terminal() } as Session);
  const [name, ...rest] = args;
  const command = program.commands.find((one) => one.name() === name)!;
  const { operands, unknown } = command.parseOptions(rest);
  expect(unknown).toEqual([]);
  expect(operands).toHaveLength(1);
  return command.opts();
}

/** Seconds of `75s`. */
const seconds = (text: string): number => Number(/^(\d+)s$/.exec(text)![1]);

/** The paths that a text asks this server for. */
const pathsIn = (text: string): string[] => [...text.matchAll(/127\.0\.0\.1:7860(\/[\w/]*)/g)].map(([, path]) => path!);

/** Without a key. */
async function answers(path: string): Promise<void> {
  expect([path, (await server.ask(path)).status]).toEqual([path, 200]);
}

describe("files of deploy", () => {
  it("start the command as it is, and stop it after what it draws: compose", async () => {
    const { services } = load(read("compose.yaml")) as Compose;
    const { command, ports, healthcheck, stop_grace_period } = services.skipstep!;
    const options = serveOptions(command!);
    expect(options).toMatchObject({ host: "0.0.0.0", port: 7860, keys: "/run/secrets/skipstep-keys" });
    expect(ports).toEqual(["127.0.0.1:7860:7860"]);
    expect(seconds(stop_grace_period!)).toBeGreaterThan(options.grace as number);
    for (const path of pathsIn(healthcheck!.test.join(" "))) await answers(path);
    expect(pathsIn(healthcheck!.test.join(" "))).toEqual(["/health"]);
  });

  it("start the command as it is: Dockerfile", async () => {
    const file = read("Dockerfile");
    const listOf = (word: string): string[] =>
      JSON.parse(new RegExp(`^${word} (\\[.*\\])$`, "m").exec(file)![1]!) as string[];
    expect(listOf("ENTRYPOINT")).toEqual(["skipstep"]);
    expect(serveOptions(listOf("CMD"))).toMatchObject({ host: "0.0.0.0", port: 7860 });
    expect(pathsIn(file)).toEqual(["/health"]);
  });

  it("start the command as it is, and stop it after what it draws: systemd", () => {
    const unit = read("skipstep.service");
    const value = (key: string): string => new RegExp(`^${key}=(.*)$`, "m").exec(unit)![1]!;
    const [env, skipstep, ...args] = value("ExecStart").split(" ");
    expect([env, skipstep]).toEqual(["/usr/bin/env", "skipstep"]);
    expect(Number(value("TimeoutStopSec"))).toBeGreaterThan(serveOptions(args).grace as number);
    expect(unit.split("\n").filter((line) => !/^(#.*|\[\w+\]|[A-Z]\w+=.*|)$/.test(line))).toEqual([]);
  });

  it("probe what is there, with one replica of a device: Kubernetes", async () => {
    const documents = loadAll(read("kubernetes.yaml")) as Manifest[];
    expect(documents.map(({ kind }) => kind)).toEqual([
      "Deployment",
      "PersistentVolumeClaim",
      "PersistentVolumeClaim",
      "PersistentVolumeClaim",
      "Service",
    ]);
    const { replicas, strategy, template } = documents[0]!.spec;
    const [container] = template.spec.containers;
    expect([replicas, strategy.type]).toEqual([1, "Recreate"]);
    const options = serveOptions(container!.args);
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(options.grace as number);
    expect(container!.ports).toEqual([{ name: "http", containerPort: options.port }]);
    for (const { httpGet } of [container!.startupProbe, container!.readinessProbe, container!.livenessProbe]) {
      expect(httpGet.port).toBe("http");
      await answers(httpGet.path);
    }
    const volumes = new Set(template.spec.volumes.map(({ name }) => name));
    expect(container!.volumeMounts.filter(({ name }) => !volumes.has(name))).toEqual([]);
    const mounts = container!.volumeMounts.map(({ mountPath }) => mountPath);
    expect(mounts).toEqual(expect.arrayContaining(["/configs", "/keys", "/cache", "/jobs", "/tmp"]));
  });
});
