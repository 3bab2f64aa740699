import type { HoldfastError } from '../../contract/errors.ts'
import type { Destination } from '../../contract/jobs.ts'
import type { Helper } from '../helper.ts'
import type { Task } from '../taskRuns.ts'
import { type CopyOrder, copyAll, NoOrigin, nothingCopied } from './copyRun.ts'

type Parts = Pick<Helper, 'engine' | 'library'>

/** Brings versions to a destination because somebody asked for it. What is damaged where it comes from makes the run incomplete. */
export function copyTask({ engine, library }: Parts, destination: Destination, order: CopyOrder): Task {
  const names = order.from.map(({ name }) => `“${name}”`).join(', ')
  return {
    kind: 'copy',
    destination,
    title: `Versions of ${names}`,
    outcome: nothingCopied(),
    async work({ session, connector, run, signal, onProgress, log }) {
      const outcome = nothingCopied()
      const warnings: string[] = []
      let error: HoldfastError | undefined
      const report = {
        log,
        warn: (text: string) => void warnings.push(text),
        fail: (problem: unknown) => {
          error ??= problem as HoldfastError
        },
        changed: () => {
          run.outcome = structuredClone(outcome)
        },
      }
      const seen = (of: Destination, opened: typeof session) => library.takeAfter(of, opened)
      const deps = { engine, connector, seen, failed: () => undefined }
      try {
        await copyAll({ session, order, outcome }, report, deps, { signal, onProgress })
      } catch (problem) {
        throw problem instanceof NoOrigin ? problem.cause : problem
      }
      await seen(destination, session)
      return { outcome, warnings, ...(error && { error }) }
    },
  }
}
