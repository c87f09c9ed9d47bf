/** Minutes of both cores: `npm run test:long` runs these too. */
const long = process.env.BANYAN_LONG === undefined ? ['\\.long\\.test\\.ts$'] : [];

/** @type {import('jest').Config} */
export default {
  roots: ['<rootDir>'],
  testMatch: ['**/*.test.ts'],
  // What a test keeps below .banyan may be a copy of an example, its tests included.
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/\\.banyan/', ...long],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/\\.banyan/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  moduleNameMapper: { '^banyan$': '<rootDir>/index.ts', '^banyan/(.*)$': '<rootDir>/$1/index.ts' },
  globalSetup: '<rootDir>/kit/jest-setup.ts',
  globalTeardown: '<rootDir>/kit/jest-teardown.ts',
  testTimeout: 60_000,
  maxWorkers: 2,
  // The last line of a run is "N passed, N failed, N skipped".
  reporters: ['default', '<rootDir>/kit/jest-closing-line.js'],
};
