import { join } from 'node:path';
import { installed, type Installable } from './cache.ts';
import { copyJars, needJava, type Artifact } from './maven.ts';
import { startServer, type RunningServer } from './server.ts';

const artifact: Artifact = { group: 'org.elasticmq', artifact: 'elasticmq-server_3', version: '1.7.1' };

const elasticmq: Installable = {
  name: `elasticmq-${artifact.version}`,
  install: (directory, signal) => copyJars(artifact, directory, signal),
};

/** ElasticMQ: SQS in memory, with the calls that MiniStack has not (`StartMessageMoveTask`). */
export async function startElasticMq(signal?: AbortSignal): Promise<RunningServer> {
  await needJava(signal);
  const directory = await installed(elasticmq, { ...(signal && { signal }) });
  const settings = (port: number) => ({
    ...{ 'rest-sqs.bind-hostname': '127.0.0.1', 'rest-sqs.bind-port': port, 'rest-stats.enabled': false },
    // What it says in the URLs of queues.
    ...{ 'node-address.host': '127.0.0.1', 'node-address.port': port },
  });
  const command = (port: number) => ({
    command: 'java',
    args: [
      ...['-Xmx256m', '-XX:+UseSerialGC'],
      ...Object.entries(settings(port)).map(([name, value]) => `-D${name}=${String(value)}`),
      ...['-cp', join(directory, 'jars', '*'), 'org.elasticmq.server.Main'],
    ],
  });
  return startServer(command, signal);
}
