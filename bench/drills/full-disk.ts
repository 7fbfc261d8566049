import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import type { DrillSite } from "./drill-site";

/** Blobs on a file system of 256 KiB. */
export async function fullDisk(site: DrillSite): Promise<string[]> {
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "none", site.blobs]);
  try {
    const worker = await site.worker();
    const jobs = [];
    for (let i = 0; i < 20; i++) jobs.push(await site.post({ num_inference_steps: 2, seed: i }));
    const ends = new Map<string, number>();
    for (const { id } of jobs) {
      await site.until(id, "completed", "failed");
      const { status, error } = await site.look(id);
      const end = error?.code ?? status;
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    const parts = readdirSync(site.blobs, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".part"),
    );
    execFileSync("mount", ["-o", "remount,size=10m", site.blobs]);
    const { id } = await site.post({ num_inference_steps: 2 });
    await site.until(id, "completed", "failed");
    const after = (await site.look(id)).status;
    worker.kill("SIGTERM");
    const told = [...ends].map(([end, count]) => `${count} ${end}`).join(", ");
    return [`a full disk, 20 jobs: ${told}; unfinished files: ${parts.length}; with room again: ${after}`];
  } finally {
    execFileSync("umount", ["-l", site.blobs]);
  }
}
