import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createLogger } from '../../../../engine/base/logger.ts'
import { cancelled } from '../../../../engine/contract/errors.ts'
import { AuditTrail, auditLine } from '../../../../engine/helper/access/audit.ts'
import { auditingAuthoriser } from '../../../../engine/helper/access/auditing.ts'
import type { Authoriser } from '../../../../engine/helper/access/authoriser.ts'
import { denied } from '../../../../engine/helper/access/denial.ts'
import { RotatingFile } from '../../../../engine/helper/access/rotatingFile.ts'
import { alice, fakeProcesses, twoProcesses } from '../../../support/fakeProcesses.ts'
import { useTemporaryFolder } from '../../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const clock = { now: () => 0, monotonic: () => 0, sleep: async () => undefined }
const disk = { device: 'Samsung T7', serial: 'S5', version: 'v-1' }

const makeTrail = () => {
  const lines: string[] = []
  const logger = createLogger({ write: text => lines.push(text), now: clock.now })
  const file = (name: string) => new RotatingFile({ path: join(folder.path, name), maxBytes: 10_000, keep: 1 })
  const trail = new AuditTrail({ erases: file('erases'), denials: file('denials'), logger, clock })
  const read = async (name: string) => {
    const text = await readFile(join(folder.path, name), 'utf8').catch(() => '')
    return text
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line))
  }
  return { trail, logger, lines, read }
}
const judge = (error?: Error): Authoriser => ({
  authorise: async () => {
    if (error !== undefined) throw error
  },
})
const auditing = (inner: Authoriser) => {
  const made = makeTrail()
  const options = { trail: made.trail, logger: made.logger, processFacts: fakeProcesses(twoProcesses()) }
  return { ...made, authoriser: auditingAuthoriser(inner, options) }
}
const no = denied('erase-internal', 'dismissed', 'no password', { advice: 'none' })

describe('an audit line', () => {
  const entry = { who: alice, session: 'session-3', action: 'erase-internal', result: 'done' } as const

  it('says who did what to what, from where, when, and how it ended', () => {
    const line = auditLine(0, { ...entry, deviceSerial: 'S5', version: 'v-1', reason: 'why' })
    expect(line).toBe(
      '{"time":"1970-01-01T00:00:00.000Z","uid":1000,"pid":50,"session":"session-3","action":"erase-internal",' +
        '"deviceSerial":"S5","version":"v-1","result":"done","reason":"why"}\n',
    )
  })

  it('is one line of letters that can be seen, whatever a device calls itself', () => {
    const deviceSerial = 'a\nb\r\u0000\u001b[2J"\\\u007f\u009b\u2028\u2029\u202e\u200b\ufeff\ud800ö😀'
    const line = auditLine(0, { ...entry, deviceSerial })
    expect(line.slice(0, -1)).toMatch(/^[\u0020-\u007eö😀]+$/u)
    expect(JSON.parse(line).deviceSerial).toBe(deviceSerial)
  })

  it('is never long', () => {
    const long = '😀'.repeat(100_000)
    const line = auditLine(0, { ...entry, session: long, deviceSerial: long, version: long, reason: long })
    expect([...JSON.parse(line).version]).toHaveLength(256)
    expect(line.length).toBeLessThan(10_000)
  })
})

describe('the audit trail', () => {
  it('has permission to erase before the erase, and its outcome, but not what harms nobody', async () => {
    const { authoriser, trail, read, lines } = auditing(judge())
    await authoriser.authorise(alice, 'read', {}, false)
    await authoriser.authorise(alice, 'configure', {}, false)
    await authoriser.authorise(alice, 'delete-version', { version: 'v-1' }, false)
    await authoriser.authorise(alice, 'erase-internal', disk, false)
    await trail.record({ who: alice, session: '', action: 'erase-internal', deviceSerial: 'S5', result: 'failed' })
    expect(await read('erases')).toMatchObject([
      { action: 'delete-version', version: 'v-1', result: 'allowed', session: 'session-3', uid: 1000 },
      { action: 'erase-internal', deviceSerial: 'S5', version: 'v-1', result: 'allowed' },
      { action: 'erase-internal', deviceSerial: 'S5', result: 'failed' },
    ])
    expect(await read('denials')).toEqual([])
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(/INFO +audit \{.*delete-version/)
  })

  it('has every denied request with its reason, in a file of its own', async () => {
    const { authoriser, read, lines } = auditing(judge(no))
    await expect(authoriser.authorise(alice, 'erase-internal', disk, true)).rejects.toBe(no)
    await expect(authoriser.authorise(alice, 'read', {}, true)).rejects.toBe(no)
    expect(await read('denials')).toMatchObject([
      { action: 'erase-internal', deviceSerial: 'S5', result: 'denied', reason: 'dismissed' },
      { action: 'read', result: 'denied', reason: 'dismissed' },
    ])
    expect(await read('erases')).toEqual([])
    expect(lines[0]).toMatch(/WARN +audit /)
  })

  it('tells withdrawn requests and mistakes of ours from denials', async () => {
    const withdrawn = auditing(judge(cancelled()))
    await expect(withdrawn.authoriser.authorise(alice, 'browse', disk, true)).rejects.toThrow('cancelled')
    const broken = auditing(judge(new TypeError('secret path')))
    await expect(broken.authoriser.authorise(alice, 'browse', disk, true)).rejects.toThrow(TypeError)
    expect(await withdrawn.read('denials')).toMatchObject([
      { result: 'cancelled', reason: 'run.cancelled' },
      { result: 'denied', reason: 'internal.bug' },
    ])
  })

  it('that cannot be written stops an erase, and leaves a denial a denial', async () => {
    await mkdir(join(folder.path, 'erases'))
    await mkdir(join(folder.path, 'denials'))
    const allowing = auditing(judge())
    await expect(allowing.authoriser.authorise(alice, 'erase-internal', disk, true)).rejects.toMatchObject({
      code: 'storage.failed',
    })
    await allowing.authoriser.authorise(alice, 'read', {}, true)
    const denying = auditing(judge(no))
    await expect(denying.authoriser.authorise(alice, 'read', {}, true)).rejects.toBe(no)
    expect(denying.lines.join('')).toMatch(/ERROR A denied request could not be recorded/)
  })
})
