/** Says at the end of a vitest run which tests were skipped and, where the test gave one, for what reason. */
export default class SkippedReporter {
  onTestRunEnd(modules) {
    const counts = new Map()
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const reason = test.result().note ?? 'see its warning above'
        // Reasons that differ in the name of a temporary folder only are one.
        const line = `${module.relativeModuleId}: ${reason.replace(/holdfast-\w{6}\b/g, 'holdfast-…')}`
        counts.set(line, (counts.get(line) ?? 0) + 1)
      }
    }
    if (counts.size === 0) return
    console.log('Skipped tests:')
    for (const [line, count] of counts) console.log(`  ${count} in ${line}`)
  }
}
