import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { makeKey, startServer } from "../src";
import { withoutFolders } from "../src/http/without-paths";
import { served } from "./served";

const [ann, bob] = [makeKey("ann"), makeKey("bob")];
const open = served();
const locked = served({
  keys: [ann.entry, bob.entry],
  cors: ["https://example.org"],
  limits: { bodyBytes: 2000, requestsPerMinute: 40 },
});

const bearer = ({ key }: { key: string }) => ({ headers: { authorization: `Bearer ${key}` } });

/** With headers that fetch sets itself. */
const answer = (url: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { headers }, (response) => resolve(response.resume().statusCode));
    asked.on("error", reject);
    asked.end();
  });

describe("keys", () => {
  it("open what is not for everybody, by bearer or as a password", async () => {
    const asked = (headers: Record<string, string>) => locked.ask("/v1/models", undefined, { headers });
    expect((await asked({})).status).toBe(401);
    expect((await asked({ authorization: "Bearer sk-skipstep-other" })).status).toBe(401);
    expect((await asked({ authorization: `Bearer ${ann.key}` })).status).toBe(200);
    expect((await asked({ authorization: `Basic ${Buffer.from(`user:${bob.key}`).toString("base64")}` })).status).toBe(
      200,
    );
    for (const path of ["/health", "/ready"]) expect((await locked.ask(path)).status).toBe(200);
    for (const path of ["/metrics", "/sdapi/v1/options", "/v1/jobs"]) expect((await locked.ask(path)).status).toBe(401);
  });

  it("own jobs: others do not see them", async () => {
    const job = await (await locked.ask("/v1/jobs", { prompt: "red heart" }, bearer(ann))).json();
    const of = async (whose: { key: string }, path = `/v1/jobs/${job.id}`) =>
      (await locked.ask(path, undefined, bearer(whose))).status;
    expect(await of(ann)).toBe(200);
    expect(await of(bob)).toBe(404);
    expect(await of(bob, `/v1/jobs/${job.id}/events`)).toBe(404);
    expect((await locked.ask(`/v1/jobs/${job.id}`, undefined, { ...bearer(bob), method: "DELETE" })).status).toBe(404);
    expect((await (await locked.ask("/v1/jobs", undefined, bearer(bob))).json()).data).toEqual([]);
  });

  it("are needed where other machines can ask", async () => {
    const models = [{ id: "emoji", config: open.config }];
    await expect(startServer({ models, host: "0.0.0.0", port: 0 })).rejects.toMatchObject({
      code: "SKIPSTEP_SERVER_UNGUARDED",
    });
    await expect(startServer({ models: [], port: 0 })).rejects.toMatchObject({ code: "SKIPSTEP_SERVER_OPTION" });
    await expect(startServer({ models, cors: ["example.org"] })).rejects.toMatchObject({
      code: "SKIPSTEP_SERVER_OPTION",
    });
    const port = Number(new URL(open.url).port);
    await expect(startServer({ models, port })).rejects.toMatchObject({ code: "SKIPSTEP_SERVER_ADDRESS" });
  });
});

describe("a web page", () => {
  it("may ask where it is listed, and by the server's own name alone", async () => {
    const allowed = await locked.ask("/health", undefined, { headers: { origin: "https://example.org" } });
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://example.org");
    expect(await answer(`${locked.url}/health`, { origin: "https://example.com" })).toBe(403);
    expect(await answer(`${open.url}/health`, { origin: "null" })).toBe(403);
    expect(await answer(`${open.url}/health`, { origin: open.url })).toBe(200);
    expect(await answer(`${open.url}/health`, { host: "example.com" })).toBe(421);
    expect(await answer(`${locked.url}/health`, { host: "draw.example.com" })).toBe(200);
  });
});

describe("limits", () => {
  it("of a body are told before any work", async () => {
    const response = await locked.ask("/v1/images/generations", { prompt: "x".repeat(3000) }, bearer(ann));
    expect(response.status).toBe(413);
    expect((await response.json()).error.type).toBe("invalid_request_error");
  });

  it("of a rate are those of a key", async () => {
    const asked = await Promise.all(Array.from({ length: 60 }, () => locked.ask("/v1/models", undefined, bearer(bob))));
    expect(asked.map(({ status }) => status)).toContain(429);
    expect((await locked.ask("/v1/models", undefined, bearer(ann))).status).toBe(200);
  });
});

describe("answers", () => {
  it("name no path of the machine", () => {
    expect(
      withoutFolders("/tmp/skipstep-upload-1/mask is no image; use C:\\Users\\ann\\a.png, 'hf:owner/name' or 1/2"),
    ).toBe("mask is no image; use a.png, 'hf:owner/name' or 1/2");
  });

  it("that are failures of the server are told by their code, with an id that stands in the log", async () => {
    const response = await open.ask("/v1/nothing");
    expect(response.status).toBe(404);
    expect(await (await open.ask("/docs/json")).json()).toMatchObject({
      openapi: expect.stringMatching(/^3/),
      paths: { "/v1/images/generations": expect.anything(), "/v1/jobs/{id}/events": expect.anything() },
    });
    expect(open.log.join("")).toContain('"url":"/v1/nothing"');
  });
});
