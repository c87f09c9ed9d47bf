/** Ends a run with one plain line that any tool can read. */
export default class ClosingLine {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    // At exit, since jest's own summary comes after the reporters.
    process.once('exit', () => {
      process.stdout.write(
        `${String(results.numPassedTests)} passed, ${String(failed)} failed, ${String(skipped)} skipped\n`,
      );
    });
  }
}
