import { describe, expect, it } from 'vitest'
import { systemClock } from '../../engine/base/clock.ts'
import { HoldfastError } from '../../engine/contract/errors.ts'
import type { AttachmentView } from '../../engine/contract/files.ts'
import type { DestinationView, JobView } from '../../engine/contract/helperContract.ts'
import type { Run } from '../../engine/contract/jobs.ts'
import type { LibraryVersion } from '../../engine/contract/library.ts'
import { textsFor } from '../../main/texts.ts'
import { doTrayAction, pauseEnd } from '../../main/trayActions.ts'
import { applyChange, type TrayFacts } from '../../main/trayFacts.ts'
import { type TrayItem, trayModel } from '../../main/trayMenu.ts'
import { makeDestination, makeJob } from '../support/jobs.ts'

const now = Date.parse('2026-06-12T12:00:00.000Z')
const texts = textsFor('en')
const place = { locale: 'en-GB', timeZone: 'UTC' }
const connected = { state: 'connected', mode: 'system', program: '1', canUnlock: false } as const

type Standing = JobView['standings'][number]
const standing = (facts: Partial<Standing> = {}): Standing => ({
  destination: '00000000deadbeef',
  destinationName: 'Samsung T7',
  state: 'scheduled',
  reason: 'nextTime',
  text: '',
  nextAt: '2026-06-13T03:00:00.000Z',
  run: null,
  lastRun: null,
  lastSuccessAt: '2026-06-12T10:02:00.000Z',
  overdueSince: null,
  ...facts,
})
const job = (name: string, facts: Partial<Standing> = {}, pausedUntil: string | null = null): JobView => ({
  job: makeJob({ id: `${name}0000000000000000`.slice(0, 16), name, pausedUntil }),
  standings: [standing(facts)],
})
const facts = (changes: Partial<TrayFacts> = {}): TrayFacts => ({
  connection: connected,
  jobs: [],
  destinations: [],
  versions: [],
  attachments: [],
  runs: [],
  ...changes,
})
const model = (changes: Partial<TrayFacts>) => trayModel(facts(changes), texts, now, place)

/** The menu as lines of text. */
function lines(items: readonly TrayItem[], indent = ''): string[] {
  return items.flatMap(item => {
    if (item.kind === 'separator') return [`${indent}---`]
    if (item.kind === 'submenu') return [`${indent}${item.label} >`, ...lines(item.items, `${indent}  `)]
    return [`${indent}${item.label}${item.kind === 'action' && !item.enabled ? ' (off)' : ''}`]
  })
}
const actionOf = (items: readonly TrayItem[], label: string): unknown => {
  for (const item of items) {
    if (item.kind === 'action' && item.label === label) return item.action
    const inner = item.kind === 'submenu' ? actionOf(item.items, label) : undefined
    if (inner) return inner
  }
  return undefined
}

describe('the menu of the tray', () => {
  it('offers everything that can be done, with when it last went well and when it goes on', () => {
    const drive = { serial: null, fileSystemUuid: null, label: 'T7 & more', pathOnDrive: '' }
    const destination = {
      destination: makeDestination({ drive }),
      state: { state: 'connected', path: '/media/t7', drive: 'd'.repeat(32) },
    } as DestinationView
    const version = { id: 'a'.repeat(16), destination: 'b'.repeat(16), name: 'disk', date: '2026-06-11T10:02:00.000Z' }
    const { icon, tooltip, items } = model({
      jobs: [job('Photos')],
      destinations: [destination],
      versions: [version as LibraryVersion],
    })
    expect(icon).toBe('fine')
    expect(tooltip).toBe('Holdfast\nProtected\nLast backup: today 10:02\nNext backup: tomorrow 03:00')
    expect(lines(items)).toEqual([
      'Protected',
      'Last backup: today 10:02',
      'Next backup: tomorrow 03:00',
      '---',
      'Back up now',
      'Pause >',
      '  For 1 hour',
      '  Until tomorrow',
      '  Until I resume',
      'Open a version >',
      '  disk, yesterday 10:02',
      '---',
      'Eject T7 && more',
      '---',
      'Open Holdfast',
      'Quit',
    ])
    expect(actionOf(items, 'disk, yesterday 10:02')).toEqual({
      do: 'open',
      path: `/versions?destination=${'b'.repeat(16)}&version=${'a'.repeat(16)}`,
    })
    expect(actionOf(items, 'Eject T7 && more')).toEqual({ do: 'eject', drive: 'd'.repeat(32), name: 'T7 & more' })
  })

  it('names a drive once, however many destinations are on it, and none that stays', () => {
    const drive = { serial: null, fileSystemUuid: null, label: null, pathOnDrive: '' }
    const on = (name: string, id: string | null, remembered: typeof drive | null) =>
      ({
        destination: makeDestination({ name, drive: remembered }),
        state: { state: 'connected', path: '/x', drive: id },
      }) as DestinationView
    const destinations = [
      on('First', 'd'.repeat(32), drive),
      on('Second', 'd'.repeat(32), drive),
      on('Built in', 'e'.repeat(32), null),
      on('Network', null, drive),
    ]
    const ejects = lines(model({ destinations }).items).filter(line => line.startsWith('Eject'))
    expect(ejects).toEqual(['Eject First'])
  })

  it('shows what is attached, and detaches each or all that nobody uses; copies that lie aside are left alone', () => {
    const attachment = (id: string, changes: Partial<AttachmentView>) =>
      ({
        id,
        kind: 'files',
        versionName: 'root',
        versionDate: '2026-06-11T10:02:00.000Z',
        ...changes,
      }) as AttachmentView
    const attachments = [
      attachment('a', { state: 'attached' }),
      attachment('b', { state: 'busy', versionName: 'home' }),
      attachment('c', { kind: 'copy', state: 'attached', versionName: 'R&D' }),
      attachment('d', { kind: 'copy', state: 'idle' }),
    ]
    const { items } = model({ attachments })
    const from = lines(items).indexOf('Attached: 3 >')
    expect(lines(items).slice(from, from + 7)).toEqual([
      'Attached: 3 >',
      '  Detach files of root, yesterday 10:02',
      '  Detach files of home, yesterday 10:02 (off)',
      '  Detach copy of R&&D, yesterday 10:02',
      '  ---',
      '  Detach all',
      '  Show what is attached',
    ])
    expect(actionOf(items, 'Detach all')).toEqual({
      do: 'detach',
      attachments: [
        { id: 'a', kind: 'files' },
        { id: 'c', kind: 'copy' },
      ],
    })
    expect(actionOf(items, 'Show what is attached')).toEqual({ do: 'open', path: '/attached' })
    expect(lines(model({ attachments: attachments.slice(3) }).items).join()).not.toContain('Attached')
  })

  it('detaches by the call of each kind, and says what could not be', async () => {
    const asked: unknown[] = []
    const told: unknown[] = []
    const call = async (name: string, input: unknown) => {
      asked.push([name, input])
      if (name === 'copies.detach') throw new HoldfastError('files.busy', 'It is mounted.', { advice: 'Unmount it.' })
      return {}
    }
    await doTrayAction(
      {
        do: 'detach',
        attachments: [
          { id: 'a', kind: 'copy' },
          { id: 'b', kind: 'files' },
        ],
      },
      {
        helper: { call: call as never },
        texts,
        clock: systemClock,
        open: () => undefined,
        quit: () => undefined,
        notify: message => void told.push(message),
      },
    )
    expect(asked).toEqual([
      ['copies.detach', { copy: 'a' }],
      ['files.close', { attachment: 'b' }],
    ])
    expect(told).toEqual([{ title: 'It is mounted.', body: 'Unmount it.', urgency: 'normal' }])
  })

  it('pauses what is not paused, resumes what is, and runs what does not run', () => {
    const jobs = [
      job('aa', { run: '0'.repeat(16) }),
      job('bb', { state: 'paused' }, 'forever'),
      job('cc', {}, '2026-06-12T11:00:00.000Z'),
    ]
    const { items } = model({ jobs })
    const idOf = (i: number) => jobs[i]!.job.id
    expect(actionOf(items, 'Back up now')).toEqual({ do: 'backUp', jobs: [idOf(1), idOf(2)] })
    expect(actionOf(items, 'Until I resume')).toEqual({ do: 'pause', jobs: [idOf(0), idOf(2)], span: 'forever' })
    expect(actionOf(items, 'Resume')).toEqual({ do: 'resume', jobs: [idOf(1)] })
  })

  it('has nothing to run while everything runs', () => {
    expect(lines(model({ jobs: [job('aa', { run: '0'.repeat(16) })] }).items)).toContain('Back up now (off)')
  })

  it('always opens the window and quits', () => {
    const alone = model({ connection: { state: 'connecting', error: null } })
    expect(lines(alone.items)).toEqual(['Looking for the background service …', '---', 'Open Holdfast', 'Quit'])
  })
})

describe('the icon of the tray and its first line', () => {
  const error = { code: 'helper.unreachable', message: '', retryable: true } as const
  const failed = { state: 'failed' } as Run
  const paused = { id: 'x', state: 'running', pausedSince: '2026-06-12T11:00:00.000Z' } as Run
  it.each<[string, Partial<TrayFacts>, string, string]>([
    [
      'no service',
      { connection: { state: 'connecting', error } },
      'attention',
      'The background service cannot be reached',
    ],
    ['no job', {}, 'waiting', 'Nothing is protected yet'],
    [
      'a run, even when another job is overdue',
      { jobs: [job('aa', { overdueSince: 'x' }), job('bb', { run: 'x' })] },
      'running',
      'Backing up: bb',
    ],
    [
      'a run that is paused, by its job',
      { jobs: [job('aa'), job('bb', { run: 'x' })], runs: [paused] },
      'waiting',
      'Backup paused: bb',
    ],
    [
      'one that goes on beside a paused one',
      { jobs: [job('aa', { run: 'x' }), job('bb', { run: 'y' })], runs: [paused] },
      'running',
      'Backing up: bb',
    ],
    [
      'an overdue job before a paused run',
      { jobs: [job('aa', { run: 'x' }), job('bb', { overdueSince: 'x' })], runs: [paused] },
      'attention',
      'No recent backup: bb',
    ],
    ['an overdue job', { jobs: [job('aa'), job('bb', { overdueSince: 'x' })] }, 'attention', 'No recent backup: bb'],
    ['a failure', { jobs: [job('aa', { lastRun: failed })] }, 'attention', 'Backup failed: aa'],
    ['one that is tried again', { jobs: [job('aa', { state: 'backingOff' })] }, 'attention', 'Backup failed: aa'],
    [
      'missing parts',
      { jobs: [job('aa', { lastRun: { state: 'incomplete' } as Run })] },
      'attention',
      'Backup incomplete: aa',
    ],
    ['a drive that is away', { jobs: [job('aa', { state: 'waitingForDrive' })] }, 'waiting', 'Waiting for Samsung T7'],
    ['the battery', { jobs: [job('aa', { state: 'waiting' })] }, 'waiting', 'Waiting: aa'],
    ['a pause of everything', { jobs: [job('aa', { state: 'paused' })] }, 'waiting', 'Paused'],
    ['a pause of one of two', { jobs: [job('aa', { state: 'paused' }), job('bb')] }, 'fine', 'Protected'],
    ['no backup yet', { jobs: [job('aa', { lastSuccessAt: null })] }, 'waiting', 'No backup yet'],
  ])('tell of %s', (_, changes, icon, text) => {
    const { icon: shown, items } = model(changes)
    expect([shown, lines(items)[0]]).toEqual([icon, text])
  })
})

describe('what the tray keeps', () => {
  it('follows changes', () => {
    const idOf = ({ id }: { id: string }) => id
    const before = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]
    const change = { changed: [{ id: 'b', is: 'new' }, { id: 'd' }], removed: ['a'] }
    expect(applyChange(before, change, idOf)).toEqual([{ id: 'b', is: 'new' }, { id: 'c' }, { id: 'd' }])
  })

  it('counts a pause from the click', () => {
    expect(pauseEnd('hour', now)).toBe('2026-06-12T13:00:00.000Z')
    expect(pauseEnd('forever', now)).toBe('forever')
    const midnight = new Date(pauseEnd('tomorrow', now))
    expect([midnight.getHours(), midnight.getMinutes()]).toEqual([0, 0])
    expect(midnight.getTime()).toBeGreaterThan(now)
  })
})
