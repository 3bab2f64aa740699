import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeDiskOfAllKinds } from '../../support/diskImages.ts'
import { holdfastProgram, placeIn } from '../../support/holdfast.ts'
import { noLoopDevices } from '../../support/loopDevice.ts'
import { missingProgram } from '../../support/programs.ts'

const programs = ['nbdfuse', 'fusermount3', 'fuse2fs', 'setpriv', 'mkfs.xfs', 'mkfs.btrfs', 'lvm', 'setcap']
const missing = programs.map(missingProgram).find(why => why !== undefined)
const nobody = 65534
const asNobody = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', holdfastProgram]

/** A checkout in a folder of root alone cannot be run by others. */
function notForOthers(): string | undefined {
  try {
    execFileSync('setpriv', [...asNobody, '--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    console.warn('Tests without root are skipped: other users may not run this checkout.')
    return 'other users may not run this checkout'
  }
}
const why =
  noLoopDevices ?? missing ?? notForOthers() ?? (existsSync('/dev/fuse') ? undefined : 'there is no /dev/fuse')

describe.skipIf(why !== undefined)('without root', () => {
  let folder = ''
  const run = (...args: string[]) => {
    const env = { ...process.env, ...placeIn(folder), HOME: folder, TZ: 'UTC' }
    try {
      return {
        code: 0,
        stdout: execFileSync('setpriv', [...asNobody, ...args], { env, encoding: 'utf8', stdio: 'pipe' }),
        stderr: '',
      }
    } catch (error) {
      const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string }
      return { code: status, stdout, stderr }
    }
  }
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
    chmodSync(folder, 0o777)
    makeDiskOfAllKinds(join(folder, 'disk.img'))
    chmodSync(join(folder, 'disk.img'), 0o644)
    for (const args of [['init'], ['backup', join(folder, 'disk.img'), '--name', 'disk']]) {
      const { code, stderr } = run(...args)
      expect(code, stderr).toBe(0)
    }
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  const nothingIsLeft = () => {
    expect(readdirSync(join(folder, 'state/attachments'))).toEqual([])
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(folder)
  }

  test('files of ext4 are listed, also those of others and in a logical volume', () => {
    const { entries } = JSON.parse(run('files', 'disk:latest', 'vg-a/root/home/anna', '--json').stdout)
    expect(entries.map(({ name }: { name: string }) => name)).toContain('letter')
    nothingIsLeft()
  })

  test('they are copied with modes, times, attributes and links', () => {
    const place = join(folder, 'out')
    const { code, stderr } = run('extract', 'disk:latest', 'p1/home', place)
    expect(code, stderr).toBe(0)
    const letter = statSync(join(place, 'home/anna/letter'), { bigint: true })
    // fuse2fs knows seconds only.
    expect(letter.mtimeNs).toBe(981_173_106_000_000_000n)
    expect(letter.ino).toBe(statSync(join(place, 'home/anna/deep/same-letter'), { bigint: true }).ino)
    expect(Number(letter.uid)).toBe(nobody)
    expect(readlinkSync(join(place, 'home/anna/outwards'))).toBe('../../../../../../../../etc')
    const attributes = execFileSync('getfattr', ['-d', '-m', '-', join(place, 'home/anna/numbers')], {
      encoding: 'utf8',
    })
    expect(attributes).toContain('user.colour="blue"')
    expect(attributes).toContain('system.posix_acl_access')
    nothingIsLeft()
  })

  test('what only root can make is listed, and the rest copied', () => {
    const place = join(folder, 'devices')
    const { code, stdout } = run('extract', 'disk:latest', 'p1/null', 'p1/home/anna/letter', place, '--json')
    expect(code).toBe(74)
    expect(JSON.parse(stdout)).toMatchObject({ extracted: ['letter'], problems: [expect.stringContaining('null')] })
    nothingIsLeft()
  })

  test('other file systems and mounting say who can', () => {
    const xfs = run('files', 'disk:latest', 'p2')
    expect(xfs.code).toBe(78)
    expect(xfs.stderr).toContain('sudo')
    expect(run('mount', 'disk:latest', folder).code).toBe(77)
    nothingIsLeft()
  })
})
