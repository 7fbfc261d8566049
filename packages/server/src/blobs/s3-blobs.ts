import { queuePackage, serverOption, storeFailed, storeMissing } from "../errors";
import type { BlobStore } from "./blob-store";

/**
 * Blobs in a bucket. Region, keys and endpoint are those of AWS's own variables and files; with an endpoint, as of MinIO
 * or Garage, the bucket stands in the path.
 * @throws SKIPSTEP_SERVER_OPTION, SKIPSTEP_QUEUE_PACKAGE
 */
export async function openS3(place: string): Promise<BlobStore> {
  const [, bucket, path = ""] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(place) ?? [];
  if (bucket === undefined) throw serverOption("queue", `has "blobs" that are neither a folder nor s3://bucket/prefix`);
  const Bucket = bucket;
  const prefix = path === "" ? "" : `${path.replace(/\/+$/, "")}/`;
  const { S3Client, PutObjectCommand, GetObjectCommand, DeleteObjectsCommand, ListObjectsV2Command } = await import(
    "@aws-sdk/client-s3"
  ).catch((error) => {
    throw queuePackage("@aws-sdk/client-s3", error);
  });
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const client = new S3Client({
    forcePathStyle: endpoint !== undefined,
    requestChecksumCalculation: "WHEN_REQUIRED", // others than AWS do not all know the newer ones
    responseChecksumValidation: "WHEN_REQUIRED",
  });

  async function* keysBelow(folder: string): AsyncGenerator<string[]> {
    let ContinuationToken: string | undefined;
    do {
      const list = await client.send(
        new ListObjectsV2Command({ Bucket, Prefix: `${prefix}${folder}`, ContinuationToken }),
      );
      yield (list.Contents ?? []).map(({ Key }) => Key!);
      ContinuationToken = list.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  return {
    put: async (key, Body) => {
      try {
        await client.send(new PutObjectCommand({ Bucket, Key: prefix + key, Body }));
      } catch (error) {
        throw storeFailed(place, error);
      }
    },
    get: async (key) => {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: prefix + key }));
        return await Body!.transformToByteArray();
      } catch (error) {
        throw (error as Error).name === "NoSuchKey" ? storeMissing(key, error) : storeFailed(place, error);
      }
    },
    remove: async (folder) => {
      try {
        for await (const keys of keysBelow(`${folder}/`))
          if (keys.length > 0)
            await client.send(
              new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true } }),
            );
      } catch (error) {
        throw storeFailed(place, error);
      }
    },
    jobs: async () => {
      const jobs = new Set<string>();
      for await (const keys of keysBelow("")) for (const key of keys) jobs.add(key.slice(prefix.length).split("/")[0]!);
      return [...jobs];
    },
  };
}
