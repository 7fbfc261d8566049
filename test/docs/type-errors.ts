import { join } from "node:path";
import ts from "typescript";

const root = join(import.meta.dirname, "../..");

/** Declarations and sources, of which each program would parse some hundreds again. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/** Their memory is free for other test files of the process. */
export function forgetParsed(): void {
  parsed.clear();
}

/** What the compiler says of modules that lie in no file, with the repository's own settings. */
export function typeErrors(modules: readonly { readonly path: string; readonly code: string }[]): string[] {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const texts = new Map(modules.map(({ path, code }) => [path, code]));
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram([...texts.keys()], options, {
    ...host,
    directoryExists: (path) =>
      [...texts.keys()].some((file) => file.startsWith(`${path}/`)) || host.directoryExists!(path),
    fileExists: (path) => texts.has(path) || host.fileExists(path),
    readFile: (path) => texts.get(path) ?? host.readFile(path),
    getSourceFile: (path, ...more) => {
      const code = texts.get(path);
      if (code !== undefined) return ts.createSourceFile(path, code, ts.ScriptTarget.ES2022, true);
      const known = parsed.get(path) ?? host.getSourceFile(path, ...more);
      parsed.set(path, known);
      return known;
    },
  });
  return [...texts.keys()].flatMap((path) => {
    const source = program.getSourceFile(path)!;
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ messageText, start = 0 }) => {
      const { line } = source.getLineAndCharacterOfPosition(start);
      return `${path}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });
  });
}
