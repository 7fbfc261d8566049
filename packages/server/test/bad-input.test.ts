import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Ajv } from "ajv";
import Fastify from "fastify";
import { afterAll, describe, expect, it } from "vitest";
import { EventStream } from "../src/http/event-stream";
import { served } from "./served";

const limits = { bodyBytes: 1_000_000, connections: 40, requestsPerMinute: 100_000 };
const server = served({ limits });

const port = (): number => Number(new URL(server.url).port);
const sockets: Socket[] = [];
afterAll(() => {
  for (const socket of sockets) socket.destroy();
});

/** A connection that says what it is told to, and hears the answer. */
async function dial(text: string): Promise<{ socket: Socket; heard: () => string }> {
  const socket = connect(port(), "127.0.0.1");
  sockets.push(socket);
  let heard = "";
  socket.on("data", (data) => {
    heard += data;
  });
  socket.on("error", () => undefined); // it is closed on us, as it should be
  await once(socket, "connect");
  socket.write(text);
  return { socket, heard: () => heard };
}

const head = (path: string, type: string, more: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\n${more}\r\n\r\n`;
const forms = "multipart/form-data; boundary=x";
const part = (name: string): string => `--x\r\ncontent-disposition: form-data; name="${name}"; filename="a"\r\n\r\n`;

describe("a body that is too large", () => {
  it.each([
    ["/v1/images/generations", "application/json"],
    ["/v1/images/edits", forms],
    ["/sdapi/v1/img2img", "application/json"],
    ["/v1/jobs", "application/json"],
    ["/mcp", "application/json"],
  ])("is refused by its length before it is sent, at %s", async (path, type) => {
    const { socket, heard } = await dial(head(path, type, "content-length: 1000000000"));
    await once(socket, "close");
    expect(heard()).toMatch(/^HTTP\/1\.1 413 /);
    expect(heard()).toContain('"body_too_large"');
  });

  it.each([
    ["/v1/images/generations", "application/json", '{"prompt":"', 11],
    ["/v1/images/edits", forms, part("image"), 0],
    ["/v1/images/edits", forms, `${part("image")}${"x".repeat(900_000)}\r\n${part("mask")}`, 900_000],
  ])("is refused once it is, where its length was not told, at %s", async (path, type, begin, counted) => {
    const { socket, heard } = await dial(head(path, type, "transfer-encoding: chunked"));
    const chunk = (text: string): boolean => socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);
    chunk(begin);
    // Nothing behind what is too much: who still writes when the line is closed may lose the answer.
    for (let sent = counted; sent <= limits.bodyBytes; sent += 100_000)
      if (!chunk("x".repeat(100_000))) await once(socket, "drain");
    if (!socket.destroyed) await once(socket, "close");
    expect(heard()).toMatch(/^HTTP\/1\.1 413 /);
  });
});

it("keeps nobody out for connections that send a byte now and then", async () => {
  const many = 300;
  for (let i = 0; i < many; i++) await dial("POST /v1/jobs HTTP/1.1\r\nx");
  const slow = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) socket.write("x");
  }, 1000);
  try {
    expect((await server.ask("/health")).status).toBe(200);
    const { data } = await (await server.ask("/v1/images/generations", { prompt: "red heart" })).json();
    expect(data).toHaveLength(1);
    await expect
      .poll(() => sockets.filter(({ destroyed }) => !destroyed).length, { timeout: 30_000 })
      .toBeLessThanOrEqual(limits.connections);
  } finally {
    clearInterval(slow);
    for (const socket of sockets) socket.destroy();
  }
});

/** One of every kind, and what is nearly right. */
const values: readonly unknown[] = [
  true,
  -1,
  1.5,
  1e308,
  2 ** 53,
  "",
  "text",
  "1",
  [],
  [[]],
  [true],
  {},
  { a: { b: [] } },
  "x".repeat(5000),
];

/** JSON of values inside one another. */
const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;

interface Refusal {
  readonly status: number;
  readonly error: { readonly param: string; readonly code: string; readonly message: string };
}

async function refusal(path: string, body: object): Promise<Refusal> {
  const response = await server.ask(path, body);
  const { error } = await response.json();
  return { status: response.status, error };
}

describe("a value of a wrong type", () => {
  it("is refused by the field's name, in every field of a job and of OpenAI's", async () => {
    const schema = await (await server.ask("/v1/models/emoji/schema")).json();
    const ajv = new Ajv({ strict: false });
    let refused = 0;
    for (const [name, property] of Object.entries<object>(schema.properties)) {
      const isRight = ajv.compile(property);
      // What any type fits has a check of its own.
      const wrong = Object.keys(property).includes("type")
        ? values.filter((value) => !isRight(value))
        : [true, -1, [], {}];
      for (const [i, value] of wrong.entries())
        for (const path of ["/v1/jobs", "/v1/images/generations"]) {
          // OpenAI's has the same fields but for pictures, which are parts of a form.
          if (path !== "/v1/jobs" && (i > 0 || name === "image" || name === "mask")) continue;
          const { status, error } = await refusal(path, { prompt: "x", [name]: value });
          expect([path, name, value, status, error?.param]).toEqual([
            path,
            name,
            value,
            name === "model" && typeof value === "string" ? 404 : 400,
            name,
          ]);
          expect(error.message).not.toContain(server.folder);
          refused++;
        }
    }
    expect(refused).toBeGreaterThan(200);
  });

  it("is refused by the field's name, in every field of the APIs' own", async () => {
    const document = await (await server.ask("/docs/json")).json();
    const ajv = new Ajv({ strict: false });
    let refused = 0;
    for (const path of [
      "/v1/images/generations",
      "/v1/jobs",
      "/sdapi/v1/txt2img",
      "/sdapi/v1/img2img",
      "/sdapi/v1/options",
    ]) {
      const { properties } = document.paths[path].post.requestBody.content["application/json"].schema;
      for (const [name, property] of Object.entries<{ type?: string; enum?: unknown[] }>(properties)) {
        if (property.type === undefined && property.enum === undefined) continue;
        const isRight = ajv.compile(property);
        for (const value of values.filter((one) => !isRight(one))) {
          const { status, error } = await refusal(
            path,
            path.endsWith("options") ? { [name]: value } : { prompt: "x", init_images: ["aGk="], [name]: value },
          );
          expect([path, name, value, status]).toEqual([path, name, value, 400]);
          expect([path, name, value, error.param.split(".")[0]]).toEqual([path, name, value, name]);
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(300);
  });

  it("is refused in place of a body", async () => {
    for (const path of [
      "/v1/images/generations",
      "/v1/jobs",
      "/sdapi/v1/txt2img",
      "/sdapi/v1/img2img",
      "/sdapi/v1/options",
    ])
      for (const body of [null, true, 5, "text", [], [{}]])
        expect([path, body, (await server.ask(path, body)).status]).toEqual([path, body, 400]);
  });

  it("is refused in a form", async () => {
    for (const [name, value] of [
      ["n", "many"],
      ["seed", "[1]"],
      ["size", "{}"],
      ["stream", "perhaps"],
      ["plugins", "5"],
      ["scheduler", "[]"],
      ["__proto__", "{}"],
    ] as const) {
      const form = new FormData();
      form.append("prompt", "x");
      form.append("image", new Blob([Buffer.from("no image")]));
      form.append(name, value);
      const response = await fetch(`${server.url}/v1/images/edits`, { method: "POST", body: form });
      expect([name, response.status]).toEqual([name, 400]);
    }
  });

  it("is refused before anybody walks down in it", async () => {
    for (const depth of [200, 100_000])
      for (const path of ["/v1/jobs", "/v1/images/generations", "/sdapi/v1/txt2img", "/mcp"]) {
        const body = `{"prompt":"x","scheduler":{"type":${nested(depth)}}}`;
        const headers = { "content-type": "application/json" };
        const response = await fetch(`${server.url}${path}`, { method: "POST", body, headers });
        expect([path, response.status]).toEqual([path, 400]);
        expect(await response.json()).toMatchObject({ error: { code: "invalid_json" } });
      }
  });
});

describe("an image that is none", () => {
  const texts = [
    "aGVsbG8=",
    "data:image/png;base64,aGVsbG8=",
    Buffer.from("\x89PNG\r\n\x1a\n").toString("base64"),
    Buffer.from("RIFF\0\0\0\0WEBP").toString("base64"),
    "%%%",
  ];

  it.each([
    ["/v1/jobs", "image", (text: string) => ({ prompt: "x", image: text })],
    ["/v1/jobs", "mask", (text: string) => ({ prompt: "x", image: pixel, mask: text })],
    ["/sdapi/v1/img2img", "init_images", (text: string) => ({ prompt: "x", init_images: [text] })],
    ["/sdapi/v1/img2img", "mask", (text: string) => ({ prompt: "x", init_images: [pixel], mask: text })],
  ] as const)("is refused at %s as %s", async (path, name, body) => {
    for (const text of texts) {
      const { status, error } = await refusal(path, body(text));
      expect([text, status]).toEqual([text, 400]);
      expect(error.code === "SKIPSTEP_IMAGE_UNREADABLE" || error.param === name).toBe(true);
      expect(error.message).not.toMatch(/[\\/](tmp|var)/);
    }
  });
});

/** A PNG of one pixel. */
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

it("cuts the line of a client that takes events and reads none", async () => {
  const fastify = Fastify();
  let gone = 0;
  let most = 0;
  fastify.get("/events", (request, reply) => {
    const events = new EventStream(request, reply, () => gone++);
    const told = "x".repeat(1_000_000);
    for (let i = 0; i < 64; i++) {
      events.send({ event: "preview", data: told });
      most = Math.max(most, reply.raw.writableLength);
    }
  });
  await fastify.listen({ port: 0 });
  const socket = connect((fastify.server.address() as { port: number }).port, "127.0.0.1");
  try {
    socket.pause();
    socket.on("error", () => undefined);
    socket.write("GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await expect.poll(() => gone, { timeout: 30_000 }).toBe(1);
    expect(most).toBeLessThan(18 * 2 ** 20);
  } finally {
    socket.destroy();
    await fastify.close();
  }
});
