import tseslint from 'typescript-eslint';

/** Rooms whose code is a library: they speak through the logger, never on the console. */
const libraryRooms = [
  'cdc',
  'events',
  'projections',
  'gateway',
  'legacy-adapter',
  'replay',
  'catalog',
  'runtime',
  'infra',
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '**/.banyan/', 'coverage/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: {
          allowDefaultProject: ['eslint.config.js', 'jest.config.js', 'kit/jest-closing-line.js'],
        },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/restrict-plus-operands': ['error', { allowNumberAndString: true }],
      // A port's adapter has async methods that need not wait.
      '@typescript-eslint/require-await': 'off',
      // Type parameters carry types from a declaration to the next; used once is often the point.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'max-lines': ['error', { max: 500 }],
      eqeqeq: 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'] }],
    },
  },
  { files: libraryRooms.map((room) => `${room}/**/*.ts`), rules: { 'no-console': 'error' } },
  {
    // Rows in tests are JSON whose types the test knows.
    files: ['**/*.test.ts', '**/testing/**', 'kit/**'],
    rules: { '@typescript-eslint/no-base-to-string': 'off' },
  },
  { files: ['**/*.type-test.ts'], rules: { '@typescript-eslint/no-unused-expressions': 'off' } },
  { files: ['**/*.js', '**/*.cjs'], ...tseslint.configs.disableTypeChecked },
);
