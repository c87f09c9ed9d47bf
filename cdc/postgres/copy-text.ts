/**
 * Reads one row of `COPY ... TO STDOUT` in text format: values between tabs, `\N` for NULL, escapes with a backslash.
 * Source: the manual, "COPY", section "Text Format"; "Frontend/Backend Protocol", CopyData: one message a row.
 */
export function parseCopyRow(line: string): (string | null)[] {
  const end = line.endsWith('\n') ? line.length - 1 : line.length;
  // COPY prints a row without columns as an empty line; a row here always has one or more.
  const fields = line.slice(0, end).split('\t');
  return fields.map((field) => {
    if (field === '\\N') return null;
    return field.includes('\\') ? unescape(field) : field;
  });
}

/** The escapes that COPY TO writes; any other character behind a backslash stands for itself. */
const escapes: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function unescape(field: string): string {
  return field.replace(/\\([\s\S])/g, (_all, character: string) => escapes[character] ?? character);
}
