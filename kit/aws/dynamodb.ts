import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installed, type Installable } from './cache.ts';
import { copyJars, needJava, type Artifact } from './maven.ts';
import { startServer, type RunningServer } from './server.ts';
import { runTool } from './tools.ts';

const artifact: Artifact = {
  ...{ group: 'software.amazon.dynamodb', artifact: 'DynamoDBLocal', version: '3.1.0' },
};

/** DynamoDB Local listens on every interface and has no option for it, so its server is told before it starts. */
const loopback = `
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;

public class Loopback {
  public static void main(String[] args) throws Exception {
    DynamoDBProxyServer local = ServerRunner.createServerFromCommandLineArgs(args);
    var field = DynamoDBProxyServer.class.getDeclaredField("server");
    field.setAccessible(true);
    for (var connector : ((Server) field.get(local)).getConnectors()) {
      ((ServerConnector) connector).setHost("127.0.0.1");
    }
    local.safeStart();
    local.join();
  }
}
`;

const dynamodbLocal: Installable = {
  name: `dynamodb-local-${artifact.version}`,
  install: async (directory, signal) => {
    await copyJars(artifact, directory, signal);
    const source = join(directory, 'Loopback.java');
    const classes = join(directory, 'classes');
    await mkdir(classes);
    await writeFile(source, loopback);
    const from = 'a JDK, not only a JRE (on Debian: apt-get install openjdk-17-jdk-headless)';
    const args = ['-cp', join(directory, 'jars', '*'), '-d', classes, source];
    await runTool('javac', args, { from, ...(signal && { signal }) });
  },
};

/** DynamoDB Local, in memory; all regions and credentials see the same tables. */
export async function startDynamoDB(signal?: AbortSignal): Promise<RunningServer> {
  await needJava(signal);
  const directory = await installed(dynamodbLocal, { ...(signal && { signal }) });
  const jars = join(directory, 'jars');
  const java = ['-Xmx512m', '-XX:+UseSerialGC', `-Djava.library.path=${jars}`];
  const path = `${join(directory, 'classes')}:${join(jars, '*')}`;
  const flags = ['-inMemory', '-sharedDb', '-disableTelemetry'];
  const command = (port: number) => ({
    command: 'java',
    args: [...java, '-cp', path, 'Loopback', ...flags, '-port', String(port)],
  });
  return startServer(command, signal);
}
