/** Ends a run with the tests that had to be left out, and one plain line that any tool can read. */
export default class ClosingLine {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const all = results.testResults.flatMap((file) => file.testResults);
    // Named by `describeWith` (kit/aws/emulators.ts); jest itself is silent about a file that is skipped whole.
    const leftOut = all.filter((test) => test.status === 'pending' && test.title.startsWith('left out: '));
    // At exit, since jest's own summary comes after the reporters.
    process.once('exit', () => {
      for (const { ancestorTitles, title } of leftOut) {
        process.stdout.write(`${ancestorTitles.join(' ')}: ${title}\n`);
      }
      process.stdout.write(
        `${String(results.numPassedTests)} passed, ${String(failed)} failed, ${String(skipped)} skipped\n`,
      );
    });
  }
}
