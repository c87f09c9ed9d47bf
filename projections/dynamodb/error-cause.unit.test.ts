import { expect, test } from '@jest/globals';
import { createLogger } from 'banyan/runtime';
import { lambdaLogger } from 'banyan/runtime/aws';
import { errorCause } from './error-cause.ts';

const document = '{"iban":"DE00 1234"}';

function raw(name: string, given: object, message = 'Transaction cancelled'): Error {
  return Object.assign(new Error(message), { name, ...given });
}

/** The line of an error whose cause it is, by each logger. */
function lines(cause: Error): string[] {
  const written: string[] = [];
  const write = (line: string): void => void written.push(line);
  for (const logger of [createLogger({ write }), lambdaLogger({ service: 's', group: 'g', write })])
    logger.error({ err: new Error('it failed', { cause }) }, 'it failed');
  return written;
}

test('what is told of an error are its name, its message, its request and codes; no rows', () => {
  const error = raw('TransactionCanceledException', {
    $metadata: { httpStatusCode: 400, requestId: 'R1', cfId: undefined },
    CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed', Item: { d: { S: document } } }],
    Item: { d: { S: document } },
    cause: raw('Error', { code: 'ECONNRESET', Item: { d: { S: document } } }, 'read ECONNRESET'),
  });
  const [pino, powertools] = lines(errorCause(error)).map((line) => {
    expect(line).not.toContain('DE00 1234');
    return (JSON.parse(line) as { err: { cause: object } }).err.cause;
  });
  const told = { httpStatusCode: 400, requestId: 'R1', reasons: ['None', 'ConditionalCheckFailed'] };
  expect(pino).toMatchObject({ ...told, message: 'Transaction cancelled', cause: { code: 'ECONNRESET' } });
  expect(powertools).toMatchObject({ ...told, name: 'TransactionCanceledException' });
  expect(JSON.stringify(lines(error))).toContain('DE00 1234');
});

test('an answer that is cut off is not quoted', () => {
  let thrown: unknown;
  try {
    JSON.parse(document.replace(':"', ':'));
  } catch (error) {
    thrown = error;
  }
  expect((thrown as Error).message).toContain('1234');
  for (const line of lines(errorCause(thrown as Error))) expect(line).not.toContain('1234');
});
