/** What a source file imports, exports, declares and names, read by TypeScript's parser; comments are left out. */
import ts from "typescript";

/** @returns {{ imports: object[], statements: object[], exported: Map<string, object>, stars: string[], words: object[], ast: ts.SourceFile }} */
export function parse(path, text) {
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
  const lineAt = (position) => ast.getLineAndCharacterOfPosition(position).line + 1;
  const file = { ast, imports: [], statements: [], exported: new Map(), stars: [], words: [] };
  for (const node of ast.statements) {
    const statement = {
      names: declaredNames(node),
      isDeclaration: isDeclaration(node),
      from: lineAt(node.getStart(ast, true)),
      to: lineAt(node.end),
      uses: new Set(),
      loads: [],
    };
    if (ts.isImportDeclaration(node)) file.imports.push(importOf(node, lineAt(node.getStart(ast))));
    else if (ts.isExportDeclaration(node)) addExports(file, node, lineAt(node.getStart(ast)));
    else {
      file.statements.push(statement);
      addOwnExports(file, node, statement);
    }
    walk(node);

    function walk(child) {
      const said = textOf(child);
      if (said !== undefined) {
        const isName = ts.isIdentifier(child);
        file.words.push({ text: said, line: lineAt(child.getStart(ast)), isName });
        if (isName) statement.uses.add(said);
      }
      const loaded = loadedBy(child);
      if (loaded !== undefined) {
        statement.loads.push(loaded);
        file.imports.push({
          ...plain(loaded, lineAt(child.getStart(ast))),
          isType: ts.isImportTypeNode(child),
          isWhole: true,
        });
      }
      ts.forEachChild(child, walk);
    }
  }
  return file;
}

function plain(specifier, line) {
  return { specifier, line, isType: false, isWhole: false, names: [] };
}

function importOf(node, line) {
  const clause = node.importClause;
  const bindings = clause?.namedBindings;
  const named = bindings && ts.isNamedImports(bindings) ? bindings.elements : [];
  const names = named.map(({ name, propertyName, isTypeOnly }) => ({
    imported: (propertyName ?? name).text,
    local: name.text,
    isType: isTypeOnly,
  }));
  if (clause?.name) names.push({ imported: "default", local: clause.name.text, isType: false });
  if (bindings && ts.isNamespaceImport(bindings))
    names.push({ imported: "*", local: bindings.name.text, isType: false });
  const isType =
    clause !== undefined && (clause.isTypeOnly || (names.length > 0 && names.every((name) => name.isType)));
  return { ...plain(node.moduleSpecifier.text, line), names, isType, isEffect: clause === undefined };
}

function addExports(file, node, line) {
  const specifier = node.moduleSpecifier?.text;
  const clause = node.exportClause;
  const named = clause && ts.isNamedExports(clause) ? clause.elements : [];
  for (const { name, propertyName } of named) {
    file.exported.set(name.text, { local: (propertyName ?? name).text, specifier });
  }
  if (clause && ts.isNamespaceExport(clause)) file.exported.set(clause.name.text, { local: "*", specifier });
  if (specifier === undefined) return;
  if (!clause) file.stars.push(specifier);
  const isType = node.isTypeOnly || (named.length > 0 && named.every((element) => element.isTypeOnly));
  const names = named.map(({ name, propertyName }) => ({ imported: (propertyName ?? name).text }));
  file.imports.push({ ...plain(specifier, line), names, isType, isWhole: named.length === 0, isExport: true });
}

function addOwnExports(file, node, statement) {
  const modifiers = (ts.canHaveModifiers(node) && ts.getModifiers(node)) || [];
  const has = (kind) => modifiers.some((modifier) => modifier.kind === kind);
  if (ts.isExportAssignment(node) || has(ts.SyntaxKind.DefaultKeyword)) {
    statement.names.push("default");
    file.exported.set("default", { local: "default" });
  } else if (has(ts.SyntaxKind.ExportKeyword)) {
    for (const name of statement.names) file.exported.set(name, { local: name });
  }
}

function isDeclaration(node) {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isEnumDeclaration(node) ||
    ts.isVariableStatement(node) ||
    ts.isExportAssignment(node)
  );
}

function declaredNames(node) {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  return isDeclaration(node) && node.name ? [node.name.text] : [];
}

function boundNames(name) {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : boundNames(element.name)));
}

/** Words of code: identifiers, and what strings, templates and patterns say. */
function textOf(node) {
  const says =
    ts.isIdentifier(node) ||
    ts.isPrivateIdentifier(node) ||
    ts.isStringLiteralLike(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddleOrTemplateTail(node) ||
    ts.isRegularExpressionLiteral(node);
  return says ? node.text : undefined;
}

const loaders = /^(import|require|mock|doMock|unmock|importActual|importMock)$/;

/** The file that `import()`, `import("…").Type`, `require()`, `vi.mock()` or `new URL("./…", import.meta.url)` names. */
function loadedBy(node) {
  if (ts.isImportTypeNode(node)) return node.argument.literal?.text;
  if (ts.isNewExpression(node) && node.expression.text === "URL") {
    const [given, base] = node.arguments ?? [];
    return base && ts.isPropertyAccessExpression(base) && base.name.text === "url" ? relative(given) : undefined;
  }
  if (!ts.isCallExpression(node)) return undefined;
  const { expression: callee } = node;
  const isImport = callee.kind === ts.SyntaxKind.ImportKeyword;
  const name = ts.isPropertyAccessExpression(callee) ? callee.name.text : callee.text;
  const [given] = node.arguments;
  if (!given || !ts.isStringLiteralLike(given) || !(isImport || loaders.test(name ?? ""))) return undefined;
  return isImport ? given.text : relative(given);
}

function relative(node) {
  return node && ts.isStringLiteralLike(node) && node.text.startsWith(".") ? node.text : undefined;
}
