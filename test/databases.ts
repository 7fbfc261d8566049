import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A database of this machine's packages, in a temporary folder, for one test file or drill. */
export interface Database {
  readonly url: string;
  /** Ends it as a crash does, and starts it again with what was on its disk. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Programs of Debian's packages redis-server (or valkey) and postgresql. */
export const programs = {
  redis: find("redis-server", "valkey-server"),
  postgres: find("postgres"),
};

/** Where a program is: in the path, or in the folder of one of Debian's versions of PostgreSQL. */
function find(...names: string[]): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, "bin")) : [];
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...versions];
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((file) => existsSync(file));
}

export async function startRedis(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), "skipstep-redis-"));
  const port = await freePort();
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes"];
  return started(`redis://127.0.0.1:${port}`, folder, port, () =>
    spawn(programs.redis!, [...args, "--appendfsync", "always"], { stdio: "ignore" }),
  );
}

/** PostgreSQL runs as nobody's superuser: as root, it is given to Debian's user of it. */
export async function startPostgres(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), "skipstep-postgres-"));
  const data = join(folder, "data");
  mkdirSync(data);
  const port = await freePort();
  const user = process.getuid?.() === 0 ? postgresUser() : undefined;
  chmodSync(folder, 0o755);
  if (user) for (const path of [folder, data]) chownSync(path, user.uid, user.gid);
  execFileSync(join(programs.postgres!, "../initdb"), ["-D", data, "-A", "trust", "-U", "skipstep", "--no-sync"], {
    stdio: "ignore",
    cwd: folder,
    ...user,
  });
  const args = ["-D", data, "-p", `${port}`, "-k", folder, "-h", "127.0.0.1", "-c", "max_connections=200"];
  return started(`postgres://skipstep@127.0.0.1:${port}/postgres`, folder, port, () =>
    spawn(programs.postgres!, args, { stdio: "ignore", cwd: folder, ...user }),
  );
}

function postgresUser(): { uid: number; gid: number } {
  const id = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function started(url: string, folder: string, port: number, start: () => ChildProcess): Promise<Database> {
  let child = start();
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  await answers(port, child);
  return {
    url,
    restart: async () => {
      await end(url.startsWith("postgres") ? "SIGQUIT" : "SIGKILL"); // each without a word to its clients, or a tidy end
      child = start();
      await answers(port, child);
    },
    stop: async () => {
      await end(url.startsWith("postgres") ? "SIGINT" : "SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function answers(port: number, child: ChildProcess): Promise<void> {
  const { connect } = await import("node:net");
  for (let i = 0; i < 600 && child.exitCode === null; i++) {
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.once("error", () => resolve(false)).once("connect", () => socket.destroy());
    });
    if (isThere) return;
    await delay(100);
  }
  throw new Error(`nothing answers at port ${port}`);
}
