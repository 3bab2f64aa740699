import type { Texts } from './texts.ts'
import { standingsOf, type TrayFacts, type TrayIcon } from './trayFacts.ts'

export interface TrayStatus {
  icon: TrayIcon
  text: string
}

/** How things stand, in one word and one sentence: the first that is true, from the worst to the best. Pure. */
export function trayStatus({ connection, jobs, runs }: TrayFacts, texts: Texts): TrayStatus {
  if (connection.state === 'connecting') {
    if (connection.error === null) return { icon: 'waiting', text: texts.connecting }
    return { icon: 'attention', text: texts.disconnected }
  }
  if (jobs.length === 0) return { icon: 'waiting', text: texts.noJobs }
  const all = standingsOf(jobs)
  const first = (is: (each: (typeof all)[number]) => boolean) => all.find(is)

  const isHeld = ({ standing }: (typeof all)[number]) =>
    runs.some(run => run.id === standing.run && run.pausedSince !== undefined)
  const running = first(each => each.standing.run !== null && !isHeld(each))
  if (running) return { icon: 'running', text: texts.running(running.job.job.name) }
  const overdue = first(({ standing }) => standing.overdueSince !== null)
  if (overdue) return { icon: 'attention', text: texts.overdue(overdue.job.job.name) }
  const held = first(isHeld)
  if (held) return { icon: 'waiting', text: texts.held(held.job.job.name) }
  const isOffline = ({ reason }: { reason: string }) => reason === 'offline'
  const failing = first(
    ({ standing }) => standing.state === 'backingOff' || (standing.lastRun?.state === 'failed' && !isOffline(standing)),
  )
  if (failing) return { icon: 'attention', text: texts.failing(failing.job.job.name) }
  const incomplete = first(({ standing }) => standing.lastRun?.state === 'incomplete')
  if (incomplete) return { icon: 'attention', text: texts.incomplete(incomplete.job.job.name) }
  const drive = first(({ standing }) => standing.state === 'waitingForDrive' || isOffline(standing))
  if (drive) return { icon: 'waiting', text: texts.waitingForDrive(drive.standing.destinationName) }
  const waiting = first(({ standing }) => standing.state === 'waiting' || standing.state === 'due')
  if (waiting) return { icon: 'waiting', text: texts.waiting(waiting.job.job.name) }
  if (all.length > 0 && all.every(({ standing }) => standing.state === 'paused')) {
    return { icon: 'waiting', text: texts.paused }
  }
  if (all.every(({ standing }) => standing.lastSuccessAt === null)) return { icon: 'waiting', text: texts.noBackup }
  return { icon: 'fine', text: texts.protected }
}
