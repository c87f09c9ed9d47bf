import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runBanyan } from '../../kit/banyan-process.ts';
import { startLocalIssuer } from '../../kit/local-issuer.ts';
import { createDatabase, freePort, startPostgresServer } from '../../kit/postgres-server.ts';
import { tour } from './demo/tour.ts';
import { say } from './demo/say.ts';
import { seed, sizes } from './monolith/seeder.ts';
import { startMonolith } from './monolith/server.ts';

interface Started {
  close(): Promise<unknown>;
}

const usage = `npm run demo [-- --once]

Starts an embedded Postgres, the legacy shop on it, and Banyan beside it; gives a short tour and stays up.

  --once    end after the tour; exit code 0 only if every step was verified
  --help    this text
`;

/** The config file lies beside the sources; this module may run from dist. */
function configFile(): string {
  const here = fileURLToPath(new URL('.', import.meta.url));
  return join(here.replace(/[\\/]dist[\\/]examples[\\/]shop[\\/]$/, '/examples/shop/'), 'banyan.config.ts');
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(usage);
    return 0;
  }
  const wrong = args.find((arg) => arg !== '--once');
  if (wrong !== undefined) {
    process.stderr.write(`demo: ${wrong} is no option.\n${usage}`);
    return 2;
  }
  const started: Started[] = [];
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  try {
    const places = await start(started);
    await tour(places);
    if (!args.includes('--once')) {
      say.stayingUp(places);
      await stopped;
    }
    return 0;
  } catch (error) {
    say.failed(error);
    return 1;
  } finally {
    for (const one of started.reverse()) await one.close();
  }
}

async function start(started: Started[]): Promise<Parameters<typeof tour>[0]> {
  say.title('A legacy shop, and Banyan beside it');
  const directory = await mkdtemp(join(tmpdir(), 'banyan-demo-'));
  started.push({ close: () => rm(directory, { recursive: true, force: true }) });
  const server = await say.step('Postgres, from npm', () => startPostgresServer());
  started.push(server);
  const shopUrl = await createDatabase(server, 'shop');
  const viewsUrl = await createDatabase(server, 'views');
  await say.step(
    `the shop's database, with ${sizes.medium.orders.toLocaleString('en-US')} orders of some years`,
    () => seed(shopUrl, sizes.medium),
  );
  const issuer = await startLocalIssuer();
  started.push(issuer);
  const monolith = await say.step('the monolith', async () =>
    startMonolith({ databaseUrl: shopUrl, port: await freePort(), jwksUrl: issuer.jwksUrl }),
  );
  started.push(monolith);
  const env = {
    SHOP_DATABASE_URL: shopUrl,
    VIEWS_URL: viewsUrl,
    MONOLITH_URL: monolith.url,
    JWKS_URL: issuer.jwksUrl,
    JWT_ISSUER: issuer.issuer,
    BANYAN_DIRECTORY: join(directory, 'banyan'),
  };
  const banyan = runBanyan(['dev', '--json', '--config', configFile()], { env });
  started.push({ close: () => banyan.end() });
  const ready = await say.step('banyan dev: capture, translators, projectors, gateways', () => banyan.ready);
  const gateways = Object.fromEntries(
    (ready['gateways'] as { group: string; url: string }[]).map(({ group, url }) => [group, url]),
  );
  return { shopUrl, monolith: monolith.url, issuer, gateways, banyan, env, config: configFile() };
}

process.exitCode = await main(process.argv.slice(2));
