import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from './cache.ts';
import { withLock } from './lock.ts';
import { runTool } from './tools.ts';
import { Unavailable } from './unavailable.ts';

/** What Maven calls a library. */
export interface Artifact {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
}

/** Puts a library and all that it needs at run time into `jars` below a directory. */
export async function copyJars(artifact: Artifact, directory: string, signal?: AbortSignal): Promise<void> {
  await writeFile(join(directory, 'pom.xml'), pom(artifact));
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
  const args = ['-q', '-B', goal, '-DincludeScope=runtime', `-DoutputDirectory=${join(directory, 'jars')}`];
  const options = {
    cwd: directory,
    from: 'Maven (on Debian: apt-get install maven)',
    ...(signal && { signal }),
  };
  // Maven's own store of downloads is not made for two of it at once.
  await withLock(join(cacheDirectory(), '.maven.lock'), () => runTool('mvn', args, options), signal);
}

/** @throws Unavailable unless there is Java 17 or later */
export async function needJava(signal?: AbortSignal): Promise<void> {
  const from = 'Java 17 (on Debian: apt-get install openjdk-17-jdk-headless)';
  const said = await runTool('java', ['-version'], { from, ...(signal && { signal }) });
  const major = Number(/version "(\d+)/.exec(said)?.[1]);
  if (!(major >= 17)) throw new Unavailable(`java says ${said.split('\n')[0] ?? ''}; install ${from}`);
}

function pom({ group, artifact, version }: Artifact): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>banyan.test</groupId><artifactId>emulator</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>
  </dependencies>
</project>
`;
}
