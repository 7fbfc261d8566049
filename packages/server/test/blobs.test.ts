import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "s3rver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BlobStore } from "../src/blobs/blob-store";
import { FolderBlobs } from "../src/blobs/folder-blobs";
import { openBlobs } from "../src/blobs/open-blobs";

const folder = mkdtempSync(join(tmpdir(), "skipstep-blobs-"));
const s3 = new S3rver({
  port: 0,
  address: "127.0.0.1",
  silent: true,
  directory: join(folder, "s3"),
  configureBuckets: [{ name: "images", configs: [] }],
});
const variables = { AWS_ACCESS_KEY_ID: "S3RVER", AWS_SECRET_ACCESS_KEY: "S3RVER", AWS_REGION: "us-east-1" };

beforeAll(async () => {
  const { port } = await s3.run();
  Object.assign(process.env, variables, { AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}` });
});
afterAll(async () => {
  await s3.close();
  for (const name of [...Object.keys(variables), "AWS_ENDPOINT_URL_S3"]) delete process.env[name];
  rmSync(folder, { recursive: true, force: true });
});

describe.each([
  ["a folder", join(folder, "blobs")],
  ["S3", "s3://images/drawn/"],
])("blobs in %s", (_, place) => {
  let blobs: BlobStore;
  beforeAll(async () => {
    blobs = await openBlobs(place);
  });

  it("are what was put, until their job or a part of it is removed", async () => {
    const bytes = Buffer.from([1, 2, 3]);
    for (const key of ["a/uploads/image-0", "a/1/0.png", "b/1/0.png"]) await blobs.put(key, bytes);
    await blobs.put("a/1/0.png", Buffer.from([4]));
    expect(Buffer.from(await blobs.get("a/1/0.png"))).toEqual(Buffer.from([4]));
    await blobs.remove("a/uploads");
    await expect(blobs.get("a/uploads/image-0")).rejects.toMatchObject({ code: "SKIPSTEP_STORE_MISSING" });
    expect([...(await blobs.jobs())].sort()).toEqual(["a", "b"]);
    await blobs.remove("a");
    await blobs.remove("none");
    expect(await blobs.jobs()).toEqual(["b"]);
  });
});

it("are for this user alone", async () => {
  const blobs = new FolderBlobs(join(folder, "own"));
  await blobs.put("a/b", Buffer.from([1]));
  expect(statSync(join(folder, "own/a/b")).mode & 0o77).toBe(0);
});

it("that cannot be written are told by a code, and leave nothing", async () => {
  writeFileSync(join(folder, "file"), "");
  const blobs = new FolderBlobs(join(folder, "file"));
  await expect(blobs.put("a/b", Buffer.from([1]))).rejects.toMatchObject({ code: "SKIPSTEP_STORE_FAILED" });
  await expect(openBlobs("s3://no_bucket")).rejects.toMatchObject({ code: "SKIPSTEP_SERVER_OPTION" });
  const elsewhere = await openBlobs("s3://elsewhere");
  await expect(elsewhere.put("a/b", Buffer.from([1]))).rejects.toMatchObject({ code: "SKIPSTEP_STORE_FAILED" });
});

/** A file system of 64 KiB, where this user may mount one. */
const small = join(folder, "small");
const canMount = (() => {
  try {
    mkdirSync(small);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", small], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
afterAll(() => {
  if (canMount && existsSync(small)) execFileSync("umount", [small]);
});

it.skipIf(!canMount)("on a full disk are told by a code, and leave nothing (needs a mount)", async () => {
  const blobs = new FolderBlobs(small);
  await blobs.put("a/0.png", Buffer.alloc(10_000));
  await expect(blobs.put("a/1.png", Buffer.alloc(100_000))).rejects.toMatchObject({ code: "SKIPSTEP_STORE_FULL" });
  expect(readdirSync(join(small, "a"))).toEqual(["0.png"]);
  await blobs.put("a/2.png", Buffer.alloc(10_000));
});
