/** The rooms of DESIGN 4: what each may import. A change flows one way, a write flows back one way. */
const rooms = {
  runtime: [],
  cdc: ['runtime'],
  events: ['cdc', 'runtime'],
  projections: ['events', 'runtime'],
  'legacy-adapter': ['runtime'],
  gateway: ['projections', 'events', 'legacy-adapter', 'runtime'],
  replay: ['cdc', 'events', 'projections', 'runtime'],
  catalog: ['cdc', 'events', 'projections', 'gateway', 'legacy-adapter', 'replay', 'runtime'],
  testing: ['cdc', 'events', 'projections', 'replay', 'runtime'],
};
/** The test kit serves tests, examples and benchmarks. */
const test = '\\.(test|type-test|contract)\\.ts$|/testing/';

const walls = Object.entries(rooms).map(([room, allowed]) => ({
  name: `room-${room}`,
  comment: `${room} may import ${allowed.join(', ') || 'no other room'} only`,
  severity: 'error',
  from: { path: `^${room}/`, pathNot: test },
  to: {
    path: '^[^/]+/',
    pathNot: `^(${[room, ...allowed].join('|')}|node_modules)/`,
    dependencyTypesNot: ['core'],
  },
}));

module.exports = {
  forbidden: [
    ...walls,
    {
      name: 'through-the-door',
      comment:
        'another room is imported by its index only; a benchmark, and the test of the whole path, may look inside',
      severity: 'error',
      from: { path: '^([^/]+)/', pathNot: `${test}|^bench/|^kit/whole-path/` },
      to: {
        path: '^(runtime|cdc|events|projections|gateway|legacy-adapter|replay|catalog|testing|cli)/',
        pathNot: [
          '^$1/',
          '^([^/]+|runtime/aws|events/eventbridge|projections/(dynamodb|lambda))/index\\.ts$',
        ],
      },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'leaves',
      comment: 'nobody imports the leaves',
      severity: 'error',
      from: {
        path: '^(runtime|cdc|events|projections|gateway|legacy-adapter|replay|catalog|testing)/',
        pathNot: test,
      },
      to: { path: '^(cli|console|infra|examples|bench|kit)/' },
    },
    {
      name: 'monolith-knows-nothing',
      comment: 'the legacy shop has never heard of Banyan',
      severity: 'error',
      from: { path: '^examples/shop/monolith/', pathNot: test },
      to: { path: '^(runtime|cdc|events|projections|gateway|legacy-adapter|replay|catalog|cli|kit)/' },
    },
    {
      name: 'resolvable',
      comment: 'aws-lambda has types only (@types/aws-lambda)',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^aws-lambda$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules|\\.banyan)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
      extensions: ['.ts', '.js', '.cjs', '.json'],
    },
  },
};
