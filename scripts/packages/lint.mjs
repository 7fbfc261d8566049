import { readFileSync } from "node:fs";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { filesIn } from "./pack.mjs";

/** What a package must have beside its code. */
const wanted = ["package.json", "README.md", "LICENSE"];

/** ES modules alone, on purpose: `require` takes them where Node can (20.19, 22.12). */
const allowed = ["CJSResolvesToESM"];

/** What is wrong with a tarball, by publint, attw and our own rules. @returns a line for each */
export async function lint(tarball) {
  const missing = wanted.filter((name) => !filesIn(tarball).includes(name)).map((name) => `${name} is missing`);
  return [...missing, ...(await linted(tarball)), ...(await typed(tarball))];
}

async function linted(tarball) {
  const { buffer, byteOffset, byteLength } = readFileSync(tarball);
  const data = buffer.slice(byteOffset, byteOffset + byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: data }, level: "suggestion", strict: true });
  return messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
}

/** node10 knows no `exports`; TypeScript has dropped it. */
async function typed(tarball) {
  const { types, problems = [] } = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  if (!types) return [];
  return problems
    .filter(({ kind, resolutionKind }) => !allowed.includes(kind) && resolutionKind !== "node10")
    .map(
      ({ kind, entrypoint, resolutionKind, ...rest }) =>
        `attw: ${kind} of "${entrypoint}" in ${resolutionKind} ${JSON.stringify(rest)}`,
    );
}
