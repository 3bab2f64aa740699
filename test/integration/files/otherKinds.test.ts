import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bash } from '../../support/diskImages.ts'
import { holdfast, placeIn } from '../../support/holdfast.ts'
import { noLoopDevices } from '../../support/loopDevice.ts'
import { missingProgram } from '../../support/programs.ts'

/** File systems of other computers, each opened by whatever this one has for it. */

const missing = ['mkfs.ntfs', 'ntfs-3g', 'mkfs.vfat', 'mcopy', 'nbdfuse']
  .map(missingProgram)
  .find(why => why !== undefined)
const why = noLoopDevices ?? missing ?? (existsSync('/dev/fuse') ? undefined : 'there is no /dev/fuse')
const MiB = 1024 * 1024
const numbers = Array.from({ length: 40_000 }, (_, i) => `${i}\n`).join('')

const knows = (kind: string): boolean => {
  spawnSync('modprobe', [kind], { stdio: 'ignore' })
  return readFileSync('/proc/filesystems', 'utf8').split(/\s+/).includes(kind)
}

describe.skipIf(why !== undefined)('a version of a disk of another computer', () => {
  let folder = ''
  let env: Record<string, string> = {}
  const run = (...args: string[]) => holdfast(args, { env })
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
    env = placeIn(folder)
    const image = join(folder, 'disk.img')
    writeFileSync(image, '')
    truncateSync(image, 80 * MiB)
    const types = ['EBD0A0A2-B9E5-4433-87C0-68B6B72699C7', 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B']
    const input = `label: gpt\nsize=30M,type=${types[0]}\nsize=40M,type=${types[1]}\n`
    execFileSync('sfdisk', ['--quiet', image], { input })
    writeFileSync(join(folder, 'numbers'), numbers)
    bash(
      `loop=$(losetup --find --show --offset $((1 << 20)) --sizelimit $((30 << 20)) "$1"); at=$(mktemp -d)
       trap 'losetup --detach $loop; rmdir $at' EXIT
       mkfs.ntfs --quick --quiet --force $loop
       ntfs-3g $loop $at
       mkdir -p "$at/Users/Anna/Grüße ünd"; cp "$2" "$at/Users/Anna/Grüße ünd/Numbers.txt"
       umount $at
       head -c 40M /dev/zero >"$1.fat"; mkfs.vfat -n EFI "$1.fat" >/dev/null
       mmd -i "$1.fat" ::EFI; mcopy -i "$1.fat" "$2" "::EFI/Long name of numbers.txt"
       dd if="$1.fat" of="$1" bs=1M seek=31 conv=notrunc status=none`,
      ...[image, join(folder, 'numbers')],
    )
    for (const args of [['init'], ['backup', image, '--name', 'disk']]) {
      const { code, stderr } = await run(...args)
      expect(code, stderr).toBe(0)
    }
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const expectNothingLeft = () => {
    expect(readdirSync(join(folder, 'state/attachments'))).toEqual([])
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(folder)
  }

  test('shows its volumes', async () => {
    const { volumes } = JSON.parse((await run('files', 'disk:latest', '--json')).stdout)
    expect(volumes).toMatchObject([
      { name: 'p1', kind: 'ntfs', state: 'ready' },
      { name: 'p2', kind: 'vfat', label: 'EFI', state: 'ready' },
    ])
  })

  test('gives files on ntfs back', async () => {
    const { stdout, stderr } = await run('files', 'disk:latest', 'p1/Users/Anna', '--json')
    expect(stderr).toBe('')
    expect(JSON.parse(stdout).entries).toMatchObject([{ name: 'Grüße ünd', kind: 'folder' }])
    const copied = await run('extract', 'disk:latest', 'p1/Users', join(folder, 'ntfs'))
    expect(copied.code, copied.stderr).toBe(0)
    expect(readFileSync(join(folder, 'ntfs/Users/Anna/Grüße ünd/Numbers.txt'), 'utf8')).toBe(numbers)
    expectNothingLeft()
  })

  test('gives files on vfat back, or says that the kernel does not know it', async () => {
    const copied = await run('extract', 'disk:latest', 'p2/EFI', join(folder, 'vfat'))
    if (knows('vfat')) {
      expect(copied.code, copied.stderr).toBe(0)
      expect(readFileSync(join(folder, 'vfat/EFI/Long name of numbers.txt'), 'utf8')).toBe(numbers)
    } else {
      expect(copied.stderr).toContain('The kernel of this computer cannot open vfat (p2).')
      expect(existsSync(join(folder, 'vfat'))).toBe(false)
    }
    expectNothingLeft()
  })
})
