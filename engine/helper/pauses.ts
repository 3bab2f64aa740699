import { HoldfastError } from '../contract/errors.ts'
import { pausableKinds, type Run } from '../contract/jobs.ts'
import type { Helper } from './helper.ts'

type Parts = Pick<Helper, 'supervisor' | 'tasks' | 'runs' | 'runFeed' | 'clock'>

/** Holds a run under way, or lets it go on. config.notFound when there is none of that id, usage.invalid when its kind cannot be paused. */
export function setRunPaused(helper: Parts, id: string, isPaused: boolean): void {
  const { supervisor, tasks, runs, runFeed, clock } = helper
  const control = supervisor.controlOf(id) ?? tasks.controlOf(id)
  if (!control) throw noRun(id)
  const { run } = control
  if (!pausableKinds.includes(run.kind)) throw notPausable(run)
  if (!(isPaused ? control.pause() : control.resume())) return
  runs.put(run)
  runs.log(id, [{ at: clock.now(), level: 'info', text: isPaused ? 'The run is paused.' : 'The run goes on.' }])
  runFeed.publish(structuredClone(run))
  // A run that is paused leaves its place to others.
  supervisor.wake()
}

export const noRun = (id: string) =>
  new HoldfastError('config.notFound', `There is no run ${id} under way or on record.`, {
    advice: 'Look at the list of runs.',
    details: { run: id },
  })

const notPausable = ({ id, kind }: Run) =>
  new HoldfastError('usage.invalid', `A run of the kind “${kind}” cannot be paused.`, {
    advice: 'Let it end, or stop it.',
    details: { run: id },
  })
