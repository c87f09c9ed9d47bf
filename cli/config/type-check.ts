import { createRequire } from 'node:module';
import { dirname, relative } from 'node:path';
import type * as TypeScript from 'typescript';

/** What a type check found: `undefined` where no TypeScript is installed that can be asked. */
export type TypeCheck = { readonly errors: readonly string[] } | undefined;

/** At most so many errors are told; the first is mostly the cause of the rest. */
const told = 10;

/**
 * Checks the types of a config file and of all that it imports, with the project's own TypeScript and tsconfig.
 * TypeScript 7 has no compiler API yet; with it, as with none, the check is left to the project.
 */
export function checkTypes(file: string): TypeCheck {
  const ts = installedTypeScript(file);
  if (!ts) return undefined;
  const program = ts.createProgram([file], {
    ...compilerOptions(ts, file),
    noEmit: true,
    incremental: false,
  });
  const found = ts
    .getPreEmitDiagnostics(program)
    .filter(({ category }) => category === ts.DiagnosticCategory.Error);
  return { errors: found.slice(0, told).map((diagnostic) => describe(ts, diagnostic, dirname(file))) };
}

function installedTypeScript(file: string): typeof TypeScript | undefined {
  for (const from of [file, import.meta.url]) {
    try {
      const ts = createRequire(from)('typescript') as typeof TypeScript;
      if (typeof ts.createProgram === 'function') return ts;
    } catch {
      // Not installed there; the next place is asked.
    }
  }
  return undefined;
}

function compilerOptions(ts: typeof TypeScript, file: string): TypeScript.CompilerOptions {
  const tsconfig = ts.findConfigFile(dirname(file), (path) => ts.sys.fileExists(path));
  const fallback = {
    strict: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    skipLibCheck: true,
  };
  if (tsconfig === undefined) return fallback;
  const { config } = ts.readConfigFile(tsconfig, (path) => ts.sys.readFile(path)) as { config: unknown };
  return ts.parseJsonConfigFileContent(config, ts.sys, dirname(tsconfig)).options;
}

function describe(ts: typeof TypeScript, diagnostic: TypeScript.Diagnostic, directory: string): string {
  const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n    ');
  if (!diagnostic.file) return message;
  const { line, character } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
  return `${relative(directory, diagnostic.file.fileName)}:${line + 1}:${character + 1}: ${message}`;
}
