import { versionPath } from './deepLink.ts'
import type { Texts } from './texts.ts'
import { standingsOf, type TrayFacts, type TrayIcon } from './trayFacts.ts'
import { trayStatus } from './trayStatus.ts'
import { inWords, type Place } from './when.ts'

export type PauseSpan = 'hour' | 'tomorrow' | 'forever'

/** What an entry of the menu does. */
export type TrayAction =
  | { do: 'backUp'; jobs: string[] }
  /** How long is counted from when it is clicked. */
  | { do: 'pause'; jobs: string[]; span: PauseSpan }
  | { do: 'resume'; jobs: string[] }
  | { do: 'eject'; drive: string; name: string }
  | { do: 'detach'; attachments: { id: string; kind: 'files' | 'copy' }[] }
  | { do: 'open'; path: string | null }
  | { do: 'quit' }

export type TrayItem =
  | { kind: 'separator' }
  /** Only to be read. */
  | { kind: 'text'; label: string }
  | { kind: 'action'; label: string; action: TrayAction; enabled: boolean }
  | { kind: 'submenu'; label: string; items: TrayItem[] }

export interface TrayModel {
  icon: TrayIcon
  tooltip: string
  items: TrayItem[]
}

export const versionsInMenu = 5

/** The whole tray from what is known now. `now` is milliseconds since 1970 UTC. Pure. */
export function trayModel(facts: TrayFacts, texts: Texts, now: number, place: Place): TrayModel {
  const { icon, text } = trayStatus(facts, texts)
  const words = (time: string) => inWords(Date.parse(time), now, texts, place)
  const last = newest(standingsOf(facts.jobs).map(({ standing }) => standing.lastSuccessAt))
  const next = oldest(upcoming(facts, now))
  const lines = [
    text,
    ...(facts.jobs.length === 0 ? [] : [last === undefined ? texts.noBackup : texts.lastBackup(words(last))]),
    ...(next === undefined ? [] : [texts.nextBackup(words(next))]),
  ].filter((line, i, all) => all.indexOf(line) === i)

  const groups: TrayItem[][] = [
    lines.map(label => ({ kind: 'text', label })),
    [...jobItems(facts, texts, now), ...versionItems(facts, texts, words)],
    attachedItems(facts, texts, words),
    ejectItems(facts, texts),
    [
      { kind: 'action', label: texts.open, action: { do: 'open', path: null }, enabled: true },
      { kind: 'action', label: texts.quit, action: { do: 'quit' }, enabled: true },
    ],
  ]
  return { icon, tooltip: ['Holdfast', ...lines].join('\n'), items: separated(groups) }
}

function upcoming({ jobs }: TrayFacts, now: number): (string | null)[] {
  return standingsOf(jobs)
    .filter(({ standing }) => standing.state === 'scheduled' || standing.state === 'backingOff')
    .map(({ standing }) => standing.nextAt)
    .filter(at => at !== null && Date.parse(at) > now)
}

function jobItems({ jobs }: TrayFacts, texts: Texts, now: number): TrayItem[] {
  if (jobs.length === 0) return []
  const idsOf = (is: (job: TrayFacts['jobs'][number]) => boolean) => jobs.filter(is).map(({ job }) => job.id)
  const isPaused = ({ job }: TrayFacts['jobs'][number]) =>
    job.pausedUntil === 'forever' || (job.pausedUntil !== null && Date.parse(job.pausedUntil) > now)
  const idle = idsOf(({ standings }) => !standings.some(({ run }) => run !== null))
  const paused = idsOf(isPaused)
  const active = idsOf(job => !isPaused(job))
  const pause = (label: string, span: PauseSpan): TrayItem => ({
    kind: 'action',
    label,
    action: { do: 'pause', jobs: active, span },
    enabled: true,
  })
  const choices = [
    pause(texts.pauseHour, 'hour'),
    pause(texts.pauseTomorrow, 'tomorrow'),
    pause(texts.pauseForever, 'forever'),
  ]
  return [
    { kind: 'action', label: texts.backUpNow, action: { do: 'backUp', jobs: idle }, enabled: idle.length > 0 },
    ...(active.length === 0 ? [] : [{ kind: 'submenu', label: texts.pause, items: choices } as const]),
    ...(paused.length === 0
      ? []
      : [{ kind: 'action', label: texts.resume, action: { do: 'resume', jobs: paused }, enabled: true } as const]),
  ]
}

function versionItems({ versions }: TrayFacts, texts: Texts, words: (time: string) => string): TrayItem[] {
  if (versions.length === 0) return []
  const items = versions.slice(0, versionsInMenu).map((version): TrayItem => {
    const path = versionPath(version.destination, version.id)
    const label = plainLabel(`${version.name}, ${words(version.date)}`)
    return { kind: 'action', label, action: { do: 'open', path }, enabled: true }
  })
  return [{ kind: 'submenu', label: texts.openVersion, items }]
}

/** What is attached to this computer, each and all of it one click away from being gone. Copies that are attached nowhere wait quietly. */
function attachedItems({ attachments }: TrayFacts, texts: Texts, words: (time: string) => string): TrayItem[] {
  const attached = attachments.filter(({ state }) => state !== 'idle')
  if (attached.length === 0) return []
  // What is opened, copied from or closed just now cannot be detached.
  const free = attached.filter(({ state }) => state === 'attached')
  const detach = (label: string, some: typeof attached): TrayItem => ({
    kind: 'action',
    label: plainLabel(label),
    action: { do: 'detach', attachments: some.map(({ id, kind }) => ({ id, kind })) },
    enabled: some.length > 0,
  })
  const items = [
    ...attached.map(one => {
      const label = texts.detach(`${one.versionName}, ${words(one.versionDate)}`, one.kind)
      return detach(label, one.state === 'attached' ? [one] : [])
    }),
    { kind: 'separator' } as const,
    ...(free.length > 1 ? [detach(texts.detachAll, free)] : []),
    { kind: 'action', label: texts.showAttached, action: { do: 'open', path: '/attached' }, enabled: true } as const,
  ]
  return [{ kind: 'submenu', label: texts.attached(attached.length), items }]
}

function ejectItems({ destinations }: TrayFacts, texts: Texts): TrayItem[] {
  const drives = new Map<string, string>()
  for (const { destination, state } of destinations) {
    const drive = state.state === 'connected' ? state.drive : null
    // Several destinations may be on one drive.
    if (drive !== null && destination.drive !== null && !drives.has(drive)) {
      drives.set(drive, destination.drive.label ?? destination.name)
    }
  }
  return [...drives].map(([drive, name]) => ({
    kind: 'action',
    label: plainLabel(texts.eject(name)),
    action: { do: 'eject', drive, name },
    enabled: true,
  }))
}

/** Menus take & for the mark of an access key. */
const plainLabel = (label: string) => label.replaceAll('&', '&&')

const present = (times: readonly (string | null)[]) => times.filter(time => time !== null).sort()
const newest = (times: readonly (string | null)[]): string | undefined => present(times).at(-1)
const oldest = (times: readonly (string | null)[]): string | undefined => present(times)[0]

function separated(groups: TrayItem[][]): TrayItem[] {
  return groups
    .filter(group => group.length > 0)
    .flatMap((group, i) => (i === 0 ? group : [{ kind: 'separator' } as const, ...group]))
}
