import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import type { Version } from '../engine/contract/models.ts'
import { LibraryStore } from '../engine/jobs/libraryStore.ts'
// @ts-expect-error: a script without types
import { buildRenderer } from '../scripts/build.mjs'
import { App } from '../test/e2e/support/app.ts'
import { makeVersion } from '../test/support/driveWorld.ts'
import { openJobStores } from '../test/support/jobStores.ts'
import { randomImage, writeImage } from '../test/support/mixedImage.ts'
import { table } from './report.ts'

const MiB = 2 ** 20
const dayMs = 86_400_000
const versionCount = 10_000
const jobCount = 200
const runsPerJob = 14
const streams = 4

/** What opening one screen takes; milliseconds. */
export interface ScreenFigure {
  screen: string
  /** From asking for the page until what people came for is there. */
  usableMs: number
  /** The longest stretch in which the page answered nobody, from then until all is there and progress has gone on for a while. */
  longestTaskMs: number
}

/**
 * Opens the app on a real helper that remembers 10 000 versions and 200 jobs with their runs, while four backups are under way. Rounds
 * are medians.
 */
export async function measureScreens(rounds: number, say: (line: string) => void): Promise<ScreenFigure[]> {
  const pagesDir = await mkdtemp(join(tmpdir(), 'holdfast-pages-'))
  let app: App | undefined
  try {
    say('building the screens')
    await buildRenderer(pagesDir)
    app = await App.start(pagesDir)
    say(`making ${versionCount} versions and ${jobCount} jobs`)
    const jobs = await prepare(app)
    const client = await app.client()
    for (const job of jobs) await client.call('jobs.run', { job })
    const window = await app.window()
    await window.addInitScript(noteLongTasks)
    const figures: ScreenFigure[] = []
    for (const { name, path, usable, whole } of screens) {
      const samples: ScreenFigure[] = []
      for (let round = 0; round < rounds; round++) {
        say(`${name}, round ${round + 1}`)
        samples.push({ screen: name, ...(await open(window, path, usable, whole)) })
      }
      const median = (of: (sample: ScreenFigure) => number) => samples.map(of).toSorted((a, b) => a - b)[rounds >> 1]!
      figures.push({ screen: name, usableMs: median(s => s.usableMs), longestTaskMs: median(s => s.longestTaskMs) })
    }
    return figures
  } finally {
    await app?.close()
    await rm(pagesDir, { recursive: true, force: true })
  }
}

export const screensReport = (figures: readonly ScreenFigure[]): string =>
  table(
    [`${versionCount} versions, ${jobCount} jobs, ${streams} backups under way`, 'usable after ms', 'longest task ms'],
    figures.map(({ screen, usableMs, longestTaskMs }) => [screen, usableMs.toFixed(0), longestTaskMs.toFixed(0)]),
  )

interface ScreenOpening {
  name: string
  path: string
  /** What people came for. */
  usable: string
  /** What is there last. */
  whole: string
}

const screens: readonly ScreenOpening[] = [
  { name: 'Home', path: 'home', usable: '.hf-hero [role=progressbar]', whole: '.hf-jobs li' },
  { name: 'Versions', path: 'versions', usable: '.hfv-row', whole: 'text=/^10[,.]?000 versions$/' },
  { name: 'Choosing a version to restore', path: 'restore/disk', usable: '.hfv-row', whole: '.hfv-row' },
  { name: 'Activity', path: 'activity', usable: 'table tbody tr, .hf-plain-list li', whole: '[role=progressbar]' },
]

/** Runs in the page, before its own scripts. */
const noteLongTasks = `
  window.longestTask = 0
  new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) window.longestTask = Math.max(window.longestTask, duration)
  }).observe({ type: 'longtask', buffered: true })`

async function open(window: BrowserContext, path: string, usable: string, whole: string) {
  const origin = new URL(window.pages()[0]!.url()).origin
  const page = await window.newPage()
  try {
    await page.goto(`${origin}/#/${path}`, { waitUntil: 'commit' })
    await page.locator(`.hf-main ${usable}`).first().waitFor()
    const usableMs = Number(await page.evaluate('performance.now()'))
    await page.locator(whole).first().waitFor()
    await progressGoesOn(page)
    return { usableMs, longestTaskMs: Number(await page.evaluate('window.longestTask')) }
  } finally {
    await page.close()
  }
}

/** Waits until the page has drawn a hundred times. */
const progressGoesOn = (page: Page): Promise<unknown> =>
  page.evaluate(`new Promise(resolve => {
    let left = 100
    const draw = () => (left-- === 0 ? resolve() : requestAnimationFrame(draw))
    draw()
  })`)

/** Fills what the helper of the app keeps, and starts it anew. Returns jobs that run as slowly as one likes. */
async function prepare(app: App): Promise<string[]> {
  const client = await app.client()
  // One that has every version, and is away, so that nobody looks what it really has.
  const first = await makeVersion(client, app.folder, randomImage(MiB, 'bench'), { name: 'This computer' })
  const slow: string[] = []
  for (let i = 0; i < streams; i++) {
    const image = join(app.folder, `slow-${i}.img`)
    await writeImage(image, randomImage(32 * MiB, i))
    const place = { kind: 'folder' as const, path: join(app.folder, `slow-${i}`) }
    const passphrase = 'open sesame'
    const { destination } = await client.call('destinations.create', { name: `slow ${i}`, place, passphrase })
    const { source } = await client.call('sources.offerFile', { path: image })
    const settings = {
      name: `Slow ${i}`,
      sources: [{ source, name: `slow-${i}` }],
      destinations: [destination.id],
      schedule: null,
      limits: { read: 50_000, write: null },
    }
    slow.push((await client.call('jobs.create', { settings })).job.id)
  }
  const { versions } = await client.call('versions.list', {})
  const model: Version = versions[0]!
  await app.daemon.stop()
  await rename(join(app.folder, 'backups'), join(app.folder, 'backups.away'))

  const { db, jobs, runs } = openJobStores(app.daemon.env.HOLDFAST_STATE_DIR!)
  try {
    db.transaction(() => seed({ jobs, runs, library: new LibraryStore(db), first, model }))()
  } finally {
    db.close()
  }
  await app.daemon.start()
  return slow
}

type Stores = Pick<ReturnType<typeof openJobStores>, 'jobs' | 'runs'>
type Made = Awaited<ReturnType<typeof makeVersion>>

function seed({ jobs, runs, library, first, model }: Stores & { library: LibraryStore; first: Made; model: Version }) {
  const now = Date.now()
  const id = (kind: number, n: number) => (kind * 1_000_000 + n).toString(16).padStart(16, '0')
  const at = (ms: number) => new Date(now - ms).toISOString()
  const { destination: _destination, job: _job, ...bare } = model as Version & { destination?: unknown; job?: unknown }
  const many = Array.from({ length: versionCount }, (_, n) => ({
    ...bare,
    id: id(1, n),
    name: `disk-${n % 8}`,
    date: at((n * 3 * dayMs) / 24),
  })) as Version[]
  library.replace(first.destination.id, many, now)
  for (let n = 0; n < jobCount; n++) {
    const job = {
      ...first.job,
      id: id(2, n),
      name: `Backup ${n}`,
      sources: [{ ...first.job.sources[0]!, name: `disk-${n}` }],
    }
    jobs.put(job)
    for (let r = 0; r < runsPerJob; r++) {
      const startedAt = at(r * dayMs + n * 60_000 + 3_600_000)
      runs.put({
        ...first.run,
        id: id(3, n * runsPerJob + r),
        job: job.id,
        jobName: job.name,
        startedAt,
        finishedAt: startedAt,
      })
    }
  }
}
