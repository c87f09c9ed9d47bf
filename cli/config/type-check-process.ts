import { createRequire } from 'node:module';
import { dirname, relative } from 'node:path';
import type * as TypeScript from 'typescript';
import type { TypeCheck } from './type-check.ts';

/** At most so many errors are told; the first is mostly the cause of the rest. */
const told = 10;

/*
 * Checks the types of a config file and of all that it imports, with the project's own TypeScript and tsconfig, and
 * prints what came of it as JSON. TypeScript 7 has no compiler API yet: it is told, and the check is left to the
 * project, as without any. A process of its own: the compiler would keep 100 MB and more in one that goes on.
 */
const [file] = process.argv.slice(2);
if (file !== undefined) process.stdout.write(JSON.stringify(check(file)));

function check(checked: string): TypeCheck {
  const { ts, unusable } = installedTypeScript(checked);
  if (ts) return { kind: 'checked', errors: typeErrors(ts, checked) };
  return unusable === undefined ? { kind: 'none' } : { kind: 'unusable', version: unusable };
}

function typeErrors(ts: typeof TypeScript, checked: string): readonly string[] {
  const program = ts.createProgram([checked], {
    ...compilerOptions(ts, checked),
    noEmit: true,
    incremental: false,
  });
  const found = ts
    .getPreEmitDiagnostics(program)
    .filter(({ category }) => category === ts.DiagnosticCategory.Error);
  return found.slice(0, told).map((diagnostic) => describe(ts, diagnostic, dirname(checked)));
}

/** The project's TypeScript, else Banyan's own; or the version of one that cannot be asked. */
function installedTypeScript(checked: string): {
  readonly ts?: typeof TypeScript;
  readonly unusable?: string;
} {
  let unusable: string | undefined;
  for (const from of [checked, import.meta.url]) {
    try {
      const ts = createRequire(from)('typescript') as typeof TypeScript;
      if (typeof ts.createProgram === 'function') return { ts };
      unusable ??= ts.version;
    } catch {
      // Not installed there; the next place is asked.
    }
  }
  return unusable === undefined ? {} : { unusable };
}

function compilerOptions(ts: typeof TypeScript, checked: string): TypeScript.CompilerOptions {
  const tsconfig = ts.findConfigFile(dirname(checked), (path) => ts.sys.fileExists(path));
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
