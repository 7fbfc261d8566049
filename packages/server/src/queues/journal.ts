import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { queueTaken, storeFailed } from "../errors";
import type { JobRecord } from "../jobs/job";

/** Jobs as they are on the disk. What is written is there when the call returns, whatever ends the process then. */
export interface Journal {
  /** In the order in which they were accepted. */
  records(): JobRecord[];
  accept(record: JobRecord): void;
  update(record: JobRecord): void;
  forget(id: string): void;
  close(): void;
}

const layout = 1;

/**
 * A journal in SQLite, in a folder that one process has at a time. The system lets go of it when the process ends, however
 * that is.
 * @throws SKIPSTEP_QUEUE_TAKEN, SKIPSTEP_STORE_FULL, SKIPSTEP_STORE_FAILED
 */
export function openJournal(folder: string): Journal {
  const holder = join(folder, "holder.json");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const database = open(join(folder, "jobs.db"));
    const me = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
    writeFileSync(holder, JSON.stringify(me), { mode: 0o600 });
    return journalIn(database, folder);
  } catch (error) {
    const { code } = error as { code?: string };
    throw code === "SQLITE_BUSY" ? queueTaken(folder, describe(holder)) : storeFailed(folder, error);
  }
}

function open(file: string): Database.Database {
  const database = new Database(file);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    const [{ user_version: found }] = database.prepare("PRAGMA user_version").all() as [{ user_version: number }];
    if (found !== 0 && found !== layout)
      throw new Error(`its jobs.db has layout ${found}, and this version reads ${layout}`);
    database.exec(
      "CREATE TABLE IF NOT EXISTS job (at INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, record TEXT NOT NULL)",
    );
    database.exec(`PRAGMA user_version = ${layout}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function journalIn(database: Database.Database, folder: string): Journal {
  const insert = database.prepare("INSERT INTO job (id, record) VALUES (?, ?)");
  const change = database.prepare("UPDATE job SET record = ? WHERE id = ?");
  const remove = database.prepare("DELETE FROM job WHERE id = ?");
  const told = <Result>(act: () => Result): Result => {
    try {
      return act();
    } catch (error) {
      throw storeFailed(folder, error);
    }
  };
  return {
    records: () =>
      told(() => database.prepare("SELECT record FROM job ORDER BY at").all() as { record: string }[]).map(
        ({ record }) => JSON.parse(record) as JobRecord,
      ),
    accept: (record) => told(() => insert.run(record.id, JSON.stringify(record))),
    update: (record) => told(() => change.run(JSON.stringify(record), record.id)),
    forget: (id) => told(() => remove.run(id)),
    close: () => {
      // Statements keep it open until they are collected, and its lock with it.
      database.exec("PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; SELECT count(*) FROM job;");
      database.close();
    },
  };
}

/** Whose folder it is, as far as he said so. */
function describe(file: string): string {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    return `process ${pid} on ${host}, since ${since}`;
  } catch {
    return "another process";
  }
}
