import { format } from 'node:util';
import { Logger as Powertools } from '@aws-lambda-powertools/logger';
import type { Logger } from '../logger.ts';
import { secretFields } from '../secret-fields.ts';

/** Whose lines they are. */
export interface LambdaLoggerOptions {
  /** The function's name. */
  readonly service: string;
  /** The function group that owns it. */
  readonly group: string;
  /** What else each line has: `{ environment: 'production' }`. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Default: what POWERTOOLS_LOG_LEVEL or Lambda's own setting says, else `info`. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error';
  /** Takes each line, its line break included. Default: standard output and standard error. */
  readonly write?: (line: string) => void;
}

type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * Banyan's logger on Powertools for AWS Lambda: JSON lines with level, time, service, group and the X-Ray trace id of
 * the invocation. Fields that hold secrets are left out, as `createLogger` does.
 */
export function lambdaLogger({ service, group, attributes, level, write }: LambdaLoggerOptions): Logger {
  const options = {
    serviceName: service,
    ...(level && { logLevel: level }),
    jsonReplacerFn: withoutSecrets,
    persistentKeys: { ...attributes, group },
  } as const;
  return adapted(write ? new Written(options, write) : new Powertools(options));
}

type Options = NonNullable<ConstructorParameters<typeof Powertools>[0]>;
type Line = Parameters<Powertools['printLog']>[1];

/** Powertools' logger with an output of one's own. */
class Written extends Powertools {
  readonly #write: (line: string) => void;

  constructor(options: Options, write: (line: string) => void) {
    super(options);
    this.#write = write;
  }

  protected override createLogger(options?: Options): Powertools {
    return new Written(options ?? {}, this.#write);
  }

  protected override printLog(_level: number, line: Line): void {
    line.prepareForPrint();
    this.#write(`${JSON.stringify(line.getAttributes(), this.getJsonReplacer())}\n`);
  }
}

function adapted(logger: Powertools): Logger {
  const at =
    (level: Level) =>
    (first: unknown, message?: string, ...rest: readonly unknown[]): void => {
      if (typeof first === 'string')
        logger[level](message === undefined ? first : format(first, message, ...rest));
      else logger[level](format(message ?? '', ...rest), fieldsOf(first));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => adapted(logger.createChild({ persistentKeys: { ...fields } })),
  };
}

/** An error alone is a field too. `err` keeps its name: what reads logs of a container reads these. */
function fieldsOf(given: unknown): Record<string, unknown> {
  if (given instanceof Error) return { err: given };
  return typeof given === 'object' && given !== null ? { ...given } : {};
}

function withoutSecrets(key: string, value: unknown): unknown {
  return secretFields.includes(key) && value !== undefined ? '[Redacted]' : value;
}
