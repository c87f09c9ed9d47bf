/** The oldest Node that runs Banyan; as in package.json's `engines`. */
export const oldestNode = '22.12';

/** What is told to somebody whose Node is too old; undefined where it is not. @param version `20.19.4` */
export function nodeTooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = oldestNode.split('.').map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined;
  return (
    `error NODE_TOO_OLD: This is Node ${version}, and banyan needs Node ${oldestNode} or newer. ` +
    'Install one (https://nodejs.org), or put it in front of the PATH, and start again.'
  );
}
