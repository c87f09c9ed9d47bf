import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runBanyan } from '../../kit/banyan-process.ts';
import { startLocalIssuer } from '../../kit/local-issuer.ts';
import { createDatabase, freePort, startPostgresServer } from '../../kit/postgres-server.ts';
import type { Places } from './demo/places.ts';
import { tour } from './demo/tour.ts';
import { say } from './demo/say.ts';
import { workingCopy } from './demo/working-copy.ts';
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
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop.abort();
      // A second one ends it at once; what was started ends with the process.
      process.once(signal, () => process.exit(130));
    });
  }
  return run(args.includes('--once'), stop.signal);
}

/** @returns the exit code: 0 when every step was verified, 1 when one failed, 130 when it was interrupted before */
async function run(once: boolean, signal: AbortSignal): Promise<number> {
  const started: Started[] = [];
  const stopped = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    const places = await start(started, signal);
    const toured = await Promise.race([tour(places), stopped]);
    if (!toured) return 130;
    if (!once) {
      say.stayingUp(places, toured);
      await stopped;
    }
    return 0;
  } catch (error) {
    // Ctrl-C reaches Postgres and Banyan as well: what fails then has not failed by itself.
    if (signal.aborted) return 130;
    say.failed(error);
    return 1;
  } finally {
    for (const one of started.reverse()) await one.close();
  }
}

async function start(started: Started[], signal: AbortSignal): Promise<Places> {
  const step = <T>(title: string, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    return say.step(title, work);
  };
  say.title('A legacy shop, and Banyan beside it');
  const directory = await mkdtemp(join(tmpdir(), 'banyan-demo-'));
  started.push({ close: () => rm(directory, { recursive: true, force: true }) });
  const server = await step('Postgres, from npm', () => startPostgresServer());
  started.push(server);
  const shopUrl = await createDatabase(server, 'shop');
  const viewsUrl = await createDatabase(server, 'views');
  await step(
    `the shop's database, with ${sizes.medium.orders.toLocaleString('en-US')} orders of some years`,
    () => seed(shopUrl, sizes.medium),
  );
  const issuer = await startLocalIssuer();
  started.push(issuer);
  const monolith = await step('the monolith', async () =>
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
  const copy = await workingCopy(configFile());
  started.push(copy);
  const banyan = runBanyan(['dev', '--json', '--config', copy.config], { env });
  started.push({ close: () => banyan.end() });
  const ready = await step('banyan dev: capture, translators, projectors, gateways', () => banyan.ready);
  const gateways = Object.fromEntries(
    (ready['gateways'] as { group: string; url: string }[]).map(({ group, url }) => [group, url]),
  );
  const token = await issuer.sign({ sub: '1' });
  const envFile = join(directory, 'env.sh');
  const exports = Object.entries({ ...env, TOKEN: token }).map(
    ([name, value]) => `export ${name}='${value}'\n`,
  );
  await writeFile(envFile, exports.join(''), { mode: 0o600 });
  const config = relative(process.cwd(), copy.config);
  return { shopUrl, monolith: monolith.url, gateways, token, banyan, env, envFile, config, copy };
}

// A tour that was interrupted would still wait for what does not come any more.
process.exit(await main(process.argv.slice(2)));
