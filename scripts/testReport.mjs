// What a run of vitest says in its JSON report, in numbers and in the names of what failed.
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const linesOfError = 3

/** The lines of an error that say what happened: its message, without where in the code. */
function firstLines(message) {
  const lines = stripVTControlCharacters(message ?? '').split('\n')
  const stack = lines.findIndex(line => /^\s+at /.test(line))
  return (stack < 0 ? lines : lines.slice(0, stack)).filter(line => line.trim() !== '').slice(0, linesOfError)
}

/** What failed in a file: its tests, or the file as a whole when it does not load. */
function failuresOf(file, root) {
  const path = relative(root, file.name ?? '')
  const tests = file.assertionResults.filter(test => test.status === 'failed')
  if (tests.length === 0) return file.status === 'failed' ? [{ name: path, error: firstLines(file.message) }] : []
  return tests.map(({ ancestorTitles = [], title, failureMessages = [] }) => ({
    name: [path, ...ancestorTitles, title].join(' > '),
    error: firstLines(failureMessages[0]),
  }))
}

/**
 * Counts tests, and names those that failed with the first lines of their errors. What is wrong outside any test (a file that
 * does not load, an error that nobody caught, a runner that was killed) counts as one failure each.
 * @param report what vitest wrote, or undefined when it wrote nothing
 * @param root folder that paths are told relative to
 */
export function summaryOf(report, exitCode, root) {
  const files = report?.testResults ?? []
  const failures = files.flatMap(file => failuresOf(file, root))
  const brokenFiles = files.filter(
    file => file.status === 'failed' && !file.assertionResults.some(test => test.status === 'failed'),
  )
  const failed = (report?.numFailedTests ?? 0) + brokenFiles.length
  if (failed === 0 && exitCode !== 0) {
    const what = report ? 'no test failed' : 'it left no report'
    failures.push({ name: 'the test runner', error: [`It ended with ${exitCode}, but ${what}; see its output above.`] })
  }
  return {
    passed: report?.numPassedTests ?? 0,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
    failures,
  }
}
