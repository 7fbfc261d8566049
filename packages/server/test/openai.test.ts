import { writeFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI, { toFile } from "openai";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { eventsOf, served } from "./served";

const server = served();
const client = (): OpenAI => new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
const path = "/v1/images/generations";

/** A grey square with a white one in it. */
const square = sharp({ create: { width: 128, height: 128, channels: 3, background: "#888" } })
  .composite([{ input: { create: { width: 40, height: 40, channels: 3, background: "#fff" } }, left: 20, top: 20 }])
  .png()
  .toBuffer();

describe("the client of OpenAI", () => {
  it("gets the bytes that generate gives, settings of ours included", async () => {
    const scheduler = { type: "UniPCMultistepScheduler", use_flow_sigmas: true, prediction_type: "flow_prediction" };
    const settings = { seed: 5, guidance_scale: 2, scheduler };
    const { data, ...reply } = await client().images.generate({ prompt: "red heart", n: 2, ...settings } as never);
    const { images } = await server.generate({ prompt: "red heart", num_images_per_prompt: 2, ...settings });
    const pngs = await Promise.all(images.map((image) => image.toPng()));
    expect(data!.map(({ b64_json }) => b64_json)).toEqual(pngs.map((png) => Buffer.from(png).toString("base64")));
    expect(reply).toMatchObject({ size: "128x128", output_format: "png", skipstep: { seeds: [5, 5] } });
  });

  it("sees real partial images on the way", async () => {
    const stream = await client().images.generate({ prompt: "red heart", stream: true, partial_images: 1 });
    const events = [];
    for await (const event of stream) events.push(event);
    expect(events.map(({ type }) => type)).toEqual(["image_generation.partial_image", "image_generation.completed"]);
    const [partial, completed] = await Promise.all(
      events.map(({ b64_json }) => sharp(Buffer.from(b64_json, "base64")).raw().toBuffer()),
    );
    const { images } = await server.generate({ prompt: "red heart" });
    expect(completed).toEqual(Buffer.from(images[0]!.data));
    expect(partial).toHaveLength(completed!.length);
    expect(partial).not.toEqual(completed);
  });

  it("edits an image where a mask is transparent", async () => {
    const lower = Uint8Array.from({ length: 128 * 128 }, (_, i) => (i < 128 * 64 ? 0 : 255));
    const raw = { width: 128, height: 128 };
    const painted = await sharp(lower, { raw: { ...raw, channels: 1 } })
      .png()
      .toBuffer();
    const seen = await sharp(
      Uint8Array.from({ length: 4 * lower.length }, (_, i) => (i % 4 < 3 ? 9 : 255 - lower[i >> 2]!)),
      {
        raw: { ...raw, channels: 4 },
      },
    )
      .png()
      .toBuffer();
    const [image, mask] = [join(server.folder, "image"), join(server.folder, "mask")];
    writeFileSync(image, await square);
    writeFileSync(mask, painted);
    const edit = async (file: Buffer): Promise<string | undefined> => {
      const { data } = await client().images.edit({
        image: await toFile(await square, "square.png", { type: "image/png" }),
        mask: await toFile(file, "alpha.png", { type: "image/png" }),
        prompt: "red heart",
        ...({ strength: 0.9 } as object),
      });
      return data![0]!.b64_json;
    };
    const { images } = await server.generate({ prompt: "red heart", image, mask, strength: 0.9 });
    const pixels = await sharp(Buffer.from((await edit(seen))!, "base64"))
      .raw()
      .toBuffer();
    expect(pixels.equals(images[0]!.data)).toBe(true);
    const ours = await sharp(Buffer.from((await edit(painted))!, "base64"))
      .raw()
      .toBuffer(); // white is painted anew
    expect(ours.equals(images[0]!.data)).toBe(true);
  });

  it("lists the models", async () => {
    const { data } = await client().models.list();
    expect(data).toMatchObject([{ id: "emoji", object: "model", owned_by: "skipstep" }]);
  });

  it("is told as its own errors", async () => {
    const asked = client().images.generate({ prompt: "x", style: "vivid" });
    await expect(asked).rejects.toThrow(OpenAI.BadRequestError);
    await expect(asked).rejects.toMatchObject({ param: "style", code: "unsupported_value" });
    await expect(client().images.generate({ prompt: "x", model: "dall-e-3" })).rejects.toThrow(OpenAI.NotFoundError);
  });
});

describe("a field that cannot be honoured", () => {
  it.each([
    ["size", { size: "4096x4096" }, 400, "width"],
    ["a size of no multiple", { size: "130x128" }, 400, "width"],
    ["no size", { size: "big" }, 400, "size"],
    ["quality", { quality: "hd" }, 400, "quality"],
    ["background", { background: "transparent" }, 400, "background"],
    ["output_format", { output_format: "gif" }, 400, "output_format"],
    ["output_compression of PNG", { output_compression: 50 }, 400, "output_compression"],
    ["response_format", { response_format: "jpg" }, 400, "response_format"],
    ["partial_images without stream", { partial_images: 2 }, 400, "partial_images"],
    ["n with stream", { stream: true, n: 2 }, 400, "n"],
    ["n beyond the limit", { n: 9 }, 400, "n"],
    ["n of a wrong type", { n: "2" }, 400, "n"],
    ["a setting of a wrong type", { num_inference_steps: "3" }, 400, "num_inference_steps"],
    ["steps beyond the limit", { num_inference_steps: 151 }, 400, "num_inference_steps"],
    ["steps beyond the limit as a list", { sigmas: new Array(151).fill(1) }, 400, "sigmas"],
    ["another family's setting", { clip_skip: 1 }, 400, "clip_skip"],
    ["a picture's path", { image: "/etc/hostname" }, 400, "image"],
    ["a field that nobody knows", { foo: 1 }, 400, "foo"],
    ["no text as the prompt", { prompt: ["a"] }, 400, "prompt"],
    ["a scheduler that nobody knows", { scheduler: "Euler" }, 400, null],
    ["a LoRA", { lora: ["../x"] }, 400, "lora"],
    ["a LoRA's path", { loras: ["/tmp/x.safetensors"] }, 400, "lora"],
    ["a plugin that is not allowed", { plugins: ["./x.ts"] }, 400, "plugins"],
    ["a model", { model: "../emoji" }, 404, "model"],
  ])("is an error that names it: %s", async (_, fields, status, param) => {
    const response = await server.ask(path, { prompt: "x", ...fields });
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    expect(error).toMatchObject({ param, code: expect.any(String), type: "invalid_request_error" });
    expect(error.message).not.toContain(server.folder);
  });

  it("is one of an edit as well", async () => {
    const edit = async (fields: Record<string, string | Blob>): Promise<unknown> => {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.append(name, value);
      const response = await fetch(`${server.url}/v1/images/edits`, { method: "POST", body: form });
      return ((await response.json()) as { error: unknown }).error;
    };
    const noImage = new Blob([Buffer.from("no image")]);
    const image = new Blob([await square]);
    expect(await edit({ prompt: "x" })).toMatchObject({ param: "image", code: "missing_parameter" });
    expect(await edit({ prompt: "x", image: "x.png" })).toMatchObject({ param: "image", code: "invalid_value" });
    expect(await edit({ prompt: "x", image, mask: noImage })).toMatchObject({ code: "SKIPSTEP_IMAGE_UNREADABLE" });
    expect(await edit({ prompt: "x", image, other: noImage })).toMatchObject({
      param: "other",
      code: "unknown_parameter",
    });
    const unreadable = (await edit({ prompt: "x", image: noImage })) as { code: string; message: string };
    expect(unreadable.code).toBe("SKIPSTEP_IMAGE_UNREADABLE");
    expect(unreadable.message).not.toMatch(/[\\/]/);
  });
});

it("gives addresses where a client asks for them", async () => {
  const response = await server.ask(path, { prompt: "red heart", response_format: "url", output_format: "jpeg" });
  const { data } = (await response.json()) as { data: { url: string }[] };
  const image = await fetch(data[0]!.url);
  expect(image.headers.get("content-type")).toBe("image/jpeg");
  expect((await sharp(await image.arrayBuffer()).metadata()).format).toBe("jpeg");
});

it("draws nothing more for a client that went away", async () => {
  const controller = new AbortController();
  const asked = server.ask(path, { prompt: "red heart", num_inference_steps: 150 }, { signal: controller.signal });
  const job = await newest("running");
  controller.abort();
  await expect(asked).rejects.toThrow();
  await expect
    .poll(async () => (await (await server.ask(`/v1/jobs/${job}`)).json()).status, { timeout: 30_000 })
    .toBe("cancelled");
});

it("tells what goes wrong on a stream as an event", async () => {
  const response = await server.ask(path, { prompt: "red heart", stream: true, num_inference_steps: 150 });
  const job = await newest("running");
  await server.ask(`/v1/jobs/${job}`, undefined, { method: "DELETE" });
  expect(await eventsOf(response)).toMatchObject([{ event: "error", data: { error: { code: "cancelled" } } }]);
});

async function newest(status: string): Promise<string> {
  let id = "";
  await expect
    .poll(
      async () => {
        const { data } = await (await server.ask("/v1/jobs")).json();
        id = data[0]?.id;
        return data[0]?.status;
      },
      { timeout: 30_000 },
    )
    .toBe(status);
  return id;
}
