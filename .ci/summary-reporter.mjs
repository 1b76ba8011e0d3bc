// Prints the last line of a test run: `N passed, N failed, N skipped`. A file that could not be loaded and an error that
// no test caught are failures too.

export class SummaryReporter {
  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} modules
   * @param {ReadonlyArray<unknown>} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (/** @type {string} */ state) => tests.filter((test) => test.result().state === state).length
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()])
    const failed = count('failed') + suites.filter((suite) => suite.errors().length > 0).length + unhandledErrors.length
    const skipped = tests.length - count('passed') - count('failed')
    process.on('exit', () => console.log(`${count('passed')} passed, ${failed} failed, ${skipped} skipped`))
  }
}
