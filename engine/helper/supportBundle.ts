import { readFile } from 'node:fs/promises'
import { arch, hostname, release, totalmem } from 'node:os'
import type { HealthAnswer } from '../contract/health.ts'
import { createRedactor } from '../secrets/redactSecrets.ts'
import { type SecretStore, wipe } from '../secrets/secretStore.ts'
import { fitting } from './answerSize.ts'
import type { Helper } from './helper.ts'
import { privacyOf } from './privacy.ts'

/** Of the runs, newest first; their logs as far as there is room. */
const mostRuns = 50
const mostLogLines = 200
/** An answer is a message of 1 MiB, in which quotation marks are escaped once more. */
const mostBytes = 500_000

/** What somebody needs who is to help, as JSON without secrets. Logs of older runs are left out when there is too much. */
export async function supportBundle(helper: Helper, program: string, health: readonly HealthAnswer[]): Promise<string> {
  const { runs, jobs, destinations, desk, drives, notices, library, clock } = helper
  const devices = drives.inventory.devices
  const recent = fitting(runs.list({ limit: mostRuns }), mostBytes / 4)
  const { email, webhook } = notices.settings
  const facts = {
    madeAt: new Date(clock.now()).toISOString(),
    program,
    mode: helper.mode,
    startedAt: new Date(helper.startedAt).toISOString(),
    system: {
      node: process.versions.node,
      kernel: release(),
      distribution: await distribution(),
      architecture: arch(),
      memoryBytes: totalmem(),
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    },
    health,
    jobs: jobs.list(),
    standings: helper.views.flatMap(({ job, standings }) =>
      standings.map(({ destination, state, reason, nextAt, lastSuccessAt, overdueSince }) => {
        return { job: job.id, destination, state, reason, nextAt, lastSuccessAt, overdueSince }
      }),
    ),
    destinations: destinations.list().map(destination => {
      return { ...destination, state: desk.state(destination), library: library.summary(destination.id) }
    }),
    // Addresses of people and of hooks are nobody's business, and the latter hold keys.
    notices: {
      email: email && { tls: email.tls, port: email.port },
      webhook: webhook !== null,
      deliveries: notices.deliveries,
    },
    devices,
    runs: recent,
  }
  const privacy = privacyOf({
    host: hostname(),
    serials: [
      ...devices.flatMap(({ serial, fileSystem }) => [serial, fileSystem?.uuid]),
      ...destinations.list().flatMap(({ drive }) => [drive?.serial, drive?.fileSystemUuid, drive?.containerUuid]),
    ],
    paths: [
      ...jobs.list().flatMap(job => job.sources.map(({ path }) => path)),
      ...destinations.list().map(({ url }) => url),
      ...devices.flatMap(({ mountPoints }) => mountPoints),
    ],
  })
  return await withoutSecrets(helper.secrets, secretless => {
    const clean = (value: unknown) => privacy(value, secretless)
    const cleaned = clean(facts) as Record<string, unknown>
    const logs: Record<string, unknown> = {}
    let left = mostBytes - Buffer.byteLength(JSON.stringify(JSON.stringify(cleaned, null, 1)))
    for (const { id } of recent) {
      const log = clean(runs.logOf(id).slice(-mostLogLines))
      left -= Buffer.byteLength(JSON.stringify(JSON.stringify(log, null, 1)))
      if (left < 0) break
      logs[id] = log
    }
    return `${JSON.stringify({ ...cleaned, logs }, null, 1)}\n`
  })
}

/** With what takes the secrets that are kept out of any text. While they are locked it knows none. */
async function withoutSecrets<T>(secrets: SecretStore, work: (redact: (text: string) => string) => T): Promise<T> {
  const kept: Buffer[] = []
  try {
    if (!secrets.isLocked) {
      for (const { id, kind } of await secrets.list()) {
        const secret = await secrets.get(id, kind).catch(() => undefined)
        if (secret) kept.push(secret)
      }
    }
    const redact = createRedactor(kept)
    try {
      return work(redact)
    } finally {
      redact.wipe()
    }
  } finally {
    wipe(...kept)
  }
}

/** os-release(5). */
async function distribution(): Promise<string | null> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? null
}
