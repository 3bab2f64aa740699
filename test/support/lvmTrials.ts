import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { LvmDriver } from '../../engine/lvm/driver.ts'
import { withMetadataSnapshot } from '../../engine/lvm/metadataSnapshot.ts'
import { subtract } from '../../engine/sources/ranges.ts'
import type { Snapshot, TrackedVolume } from '../../engine/tracking/trackedVolume.ts'
import {
  collected,
  contentOf,
  contextOf,
  differences,
  driver,
  find,
  freshBytes,
  leadsTo,
  logged,
  nameOf,
  openDirect,
  outcome,
  sh,
  shTry,
  stateDir,
  total,
} from './lvmWorld.ts'

/**
 * Trials with real LVM in the virtual computer, one after the other; what became of each is written to /share/NAME.json:
 *   lvmTrials.ts          all of them
 *   lvmTrials.ts hold     holds a snapshot of the pool's metadata, says so, and waits to be killed
 * Groups: my-vg with the-pool and the thin volume d-a; two with root, mirrored, cached.
 */
const save = collected('/share')
const random = seededRandom('lvm trials')
const mib = 1024 * 1024
const pool = 'my--vg-the--pool-tpool'
const poolId = () => sh('dmsetup', 'info', '-c', '--noheadings', '-o', 'uuid', pool).replace(/-tpool$/, '')
const heldRoot = () => sh('dmsetup', 'status', pool).split(' ')[6]
const metadataMessage = (what: string) => sh('dmsetup', 'message', pool, '0', `${what}_metadata_snap`)

let number = 0
const snapshotOf = (volume: TrackedVolume, roomBytes?: number): Promise<Snapshot> =>
  volume.createSnapshot(nameOf(++number), roomBytes === undefined ? {} : { roomBytes })

async function write(path: string, offset: number, length: number): Promise<void> {
  const file = await openDirect(path)
  await file.write(freshBytes(random, length), 0, length, offset)
  await file.close()
}

const trials: Record<string, () => Promise<unknown>> = {
  async find() {
    const thin = await find('/dev/my-vg/d-a')
    symlinkSync('/dev/my-vg/d-a', '/run/link')
    const number = readlinkSync('/dev/my-vg/d-a').replace('../', '/dev/')
    const snapshot = await snapshotOf(thin)
    const active = await thin.activate(snapshot)
    for (const [name, permission] of [
      ['clone', 'rw'],
      ['still', 'r'],
    ] as const)
      sh('lvcreate', '-q', '-y', '-s', '-p', permission, '-kn', '-n', name, 'my-vg/d-a')
    const classic = await snapshotOf(await find('/dev/two/root'))
    sh('lvcreate', '-q', '-y', '-s', '-pr', '-L', '4M', '-n', 'theirs', 'two/root')
    const methodOf = async (path: string) => {
      if (!existsSync(path)) return 'missing'
      const found = await driver.find(path)
      return found === undefined ? null : `${found.method} ${found.path} ${found.id === thin.id}`
    }
    const answers: Record<string, unknown> = {}
    for (const path of [
      '/dev/my-vg/d-a',
      '/dev/mapper/my--vg-d--a',
      '/run/link',
      '/dev/my-vg/clone',
      '/dev/two/mirrored',
      '/dev/two/cached',
      '/dev/my-vg/still',
      '/dev/two/theirs',
      '/dev/mapper/my--vg-the--pool_tmeta',
      '/dev/mapper/my--vg-the--pool-tpool',
      '/dev/mapper/two-theirs-cow',
      '/dev/mapper/two-root-real',
      '/dev/mapper/two-mirrored_rimage_0',
      '/dev/vda',
      '/share/script.sh',
    ])
      answers[path] = await methodOf(path)
    const result = {
      answers,
      byNumber: await methodOf(number),
      own: [await methodOf(active), await methodOf(`/dev/two/${classic.name}`)],
      foreignListed: (await (await find('/dev/two/root')).ownSnapshots()).length,
    }
    await thin.removeSnapshot(snapshot)
    await (await find('/dev/two/root')).removeSnapshot(classic)
    return result
  },

  /** Of each kind of file system, mounted and at work, on each kind of volume. */
  async mounted() {
    const results: Record<string, unknown> = {}
    for (const path of ['/dev/my-vg/ext4', '/dev/my-vg/xfs', '/dev/two/ext4', '/dev/two/xfs']) {
      const volume = await find(path)
      const chunk = volume.method === 'lvm-thin' ? 65_536 : 4096
      const kind = path.split('/').at(-1)!
      sh(`mkfs.${kind}`, '-q', path)
      sh('mkdir', '-p', '/run/on')
      sh('mount', path, '/run/on')
      sh('cp', '-r', '/usr/share/perl5/Debconf', '/run/on/a')
      writeFileSync('/run/on/gone', random.bytes(4 * mib))
      sh('udevadm', 'trigger', '--settle', path)
      const link = `/dev/disk/by-uuid/${sh('blkid', '-p', '-s', 'UUID', '-o', 'value', path)}`
      const links = [readlinkSync(link)]
      sh('sync')

      const older = await snapshotOf(volume)
      sh('rm', '/run/on/gone')
      if (volume.method === 'lvm-thin') sh('fstrim', '/run/on')
      sh('cp', '-r', '/usr/share/perl5/Debconf', '/run/on/b')
      const busy = spawn('sh', ['-c', 'while :; do cp -r /run/on/a /run/on/c; rm -rf /run/on/c; sync; done'], {
        stdio: 'ignore',
      })
      const newer = await snapshotOf(volume)
      const changes = await volume.changes(older, newer)
      const [before, after] = [await contentOf(volume, older), await contentOf(volume, newer)]
      sh('udevadm', 'settle')
      links.push(readlinkSync(link))
      const allocated = await volume.allocated(newer)
      busy.kill()
      await new Promise(resolve => busy.on('close', resolve))
      await sleep(500)
      // By comparing, since node has no compilers here: looking at each byte would take minutes.
      const zeros = Buffer.alloc(chunk)
      const isNeverWritten = (at: number) => zeros.equals(after.subarray(at, at + chunk))
      results[`${volume.method} ${kind}`] = {
        leadsThere: leadsTo(before, after, changes),
        changed: total(differences(before, after, chunk)),
        written: changes.known ? total(changes.written) : changes.why,
        discarded: changes.known ? total(changes.discarded) : 0,
        valid: [await volume.isValid(older), await volume.isValid(newer)],
        restIsZero:
          allocated &&
          subtract([{ start: 0, end: newer.sizeBytes }], allocated).every(({ start, end }) => {
            for (let at = start; at < end; at += chunk) if (!isNeverWritten(at)) return false
            return true
          }),
        isSparse: allocated && total(allocated) < newer.sizeBytes,
        usage: await volume.usage(older),
      }
      for (const snapshot of [older, newer]) await volume.removeSnapshot(snapshot)
      sh('udevadm', 'settle')
      links.push(readlinkSync(link))
      results[`${volume.method} ${kind} links`] = new Set(links).size
      sh('umount', '/run/on')
    }
    return results
  },

  async renamedAndGrown() {
    const thin = await find('/dev/my-vg/d-a')
    const older = await snapshotOf(thin)
    sh('lvrename', '-q', 'my-vg', 'd-a', 'd-b--c')
    sh('lvextend', '-q', '-L', '+4M', 'my-vg/d-b--c')
    const again = await find('/dev/my-vg/d-b--c')
    await write('/dev/my-vg/d-b--c', 65_536 * 3, 65_536)
    await write('/dev/my-vg/d-b--c', again.sizeBytes - mib, 65_536)
    const newer = await snapshotOf(thin)
    const changes = await thin.changes(older, newer)
    const [before, after] = [await contentOf(thin, older), await contentOf(thin, newer)]
    sh('lvrename', '-q', 'my-vg', 'd-b--c', 'd-a')
    const listed = (await thin.ownSnapshots()).map(({ name }) => name)
    for (const snapshot of await thin.ownSnapshots()) await thin.removeSnapshot(snapshot)

    // A classic one can be made larger only while it is not active.
    const classic = await find('/dev/two/root')
    const classicOlder = await snapshotOf(classic)
    await write('/dev/two/root', 40_960, 8192)
    const whileActive = shTry('lvextend', '-q', '-L', '+4M', 'two/root')
    sh('lvchange', '-y', '-an', 'two/root')
    const whileInactive = shTry('lvextend', '-q', '-L', '+4M', 'two/root')
    sh('lvchange', '-ay', 'two/root')
    const classicNow = await find('/dev/two/root')
    await write('/dev/two/root', classicNow.sizeBytes - 8192, 4096)
    const classicNewer = await snapshotOf(classicNow)
    const classicChanges = await classicNow.changes(classicOlder, classicNewer)
    const [was, is] = [await contentOf(classicNow, classicOlder), await contentOf(classicNow, classicNewer)]
    for (const snapshot of await classic.ownSnapshots()) await classic.removeSnapshot(snapshot)
    return {
      isSame: [again.id === thin.id, classicNow.id === classic.id],
      sizes: [before.length, after.length, newer.sizeBytes, again.sizeBytes],
      leadsThere: leadsTo(before, after, changes),
      changes,
      listed,
      whileActive,
      whileInactive,
      classicSizes: [was.length, is.length, classicOlder.sizeBytes, classicNewer.sizeBytes, classicNow.sizeBytes],
      classicLeadsThere: leadsTo(was.subarray(0, classicOlder.sizeBytes), is, classicChanges),
      classicChanges,
    }
  },

  /** An id inside of a pool is given to the next one. */
  async reusedId() {
    const volume = await find('/dev/my-vg/d-a')
    const idOf = (name: string) => sh('lvs', '--noheadings', '-o', 'thin_id', `my-vg/${name}`)
    const older = await snapshotOf(volume)
    const olderId = idOf(older.name)
    sh('lvremove', '-q', '-y', `my-vg/${older.name}`)
    const other = await snapshotOf(volume)
    const newer = await snapshotOf(volume)
    const result = {
      ids: [olderId, idOf(other.name)],
      changes: await volume.changes(older, newer),
      valid: await volume.isValid(older),
      removal: await outcome(() => volume.removeSnapshot(older)),
      left: (await volume.ownSnapshots()).length,
      activation: await outcome(() => volume.activate(older)),
    }
    for (const snapshot of [other, newer]) await volume.removeSnapshot(snapshot)
    return result
  },

  async heldByOthers() {
    const volume = await find('/dev/my-vg/d-a')
    const [older, newer] = [await snapshotOf(volume), await snapshotOf(volume)]
    metadataMessage('reserve')
    const held = heldRoot()
    const while_ = {
      changes: await volume.changes(older, newer),
      allocated: (await volume.allocated(newer)) ?? null,
      usage: (await volume.usage(newer)) ?? null,
    }
    await driver.releaseStale()
    const stillHeld = heldRoot() === held
    metadataMessage('release')
    const result = { while_, stillHeld, afterwards: await volume.changes(older, newer), free: heldRoot() }
    for (const snapshot of [older, newer]) await volume.removeSnapshot(snapshot)
    return result
  },

  async heldByTheDead() {
    const volume = await find('/dev/my-vg/d-a')
    const [older, newer] = [await snapshotOf(volume), await snapshotOf(volume)]
    const states: unknown[] = []
    for (const tidy of [() => driver.releaseStale(), () => volume.changes(older, newer)]) {
      const holder = spawn(process.execPath, [...process.execArgv, process.argv[1]!, 'hold'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await new Promise(resolve => holder.stdout.once('data', resolve))
      const held = heldRoot()
      holder.kill('SIGKILL')
      await new Promise(resolve => holder.on('close', resolve))
      const survived = heldRoot() === held
      // Somebody with another state folder does not know whose it is.
      const stranger = new LvmDriver(contextOf('/run/another-state'))
      const seen = await (await stranger.find('/dev/my-vg/d-a'))?.changes(older, newer)
      await stranger.releaseStale()
      const left = heldRoot() === held
      await tidy()
      states.push({ held, survived, seen, left, after: heldRoot() })
    }
    const result = {
      states,
      changes: await volume.changes(older, newer),
      log: logged.filter(line => /died/.test(line)),
    }
    for (const snapshot of [older, newer]) await volume.removeSnapshot(snapshot)
    return result
  },

  async overflow() {
    const volume = await find('/dev/two/root')
    const small = await snapshotOf(volume, 4 * mib)
    const large = await snapshotOf(volume)
    const before = [await volume.isValid(small), await volume.usage(small)]
    // The reader has its first part already.
    const reader = await (await import('node:fs/promises')).open(await volume.activate(small), 'r')
    await reader.read(Buffer.alloc(4096), 0, 4096, 0)
    await write('/dev/two/root', 0, 8 * mib)
    const result = {
      before,
      valid: [await volume.isValid(small), await volume.isValid(large)],
      changes: await volume.changes(small, large),
      usage: (await volume.usage(small)) ?? null,
      read: await outcome(async () => (await reader.read(Buffer.alloc(4096), 0, 4096, mib)).bytesRead),
      listed: (await volume.ownSnapshots()).map(({ id }) => id).includes(small.id),
    }
    await reader.close()
    for (const snapshot of [small, large]) await volume.removeSnapshot(snapshot)
    return { ...result, left: (await volume.ownSnapshots()).length }
  },

  async inUse() {
    const results: unknown[] = []
    for (const path of ['/dev/my-vg/d-a', '/dev/two/root']) {
      const volume = await find(path)
      const snapshot = await snapshotOf(volume)
      const device = await volume.activate(snapshot)
      const again = (await volume.activate(snapshot)) === device
      const fd = openSync(device, 'r')
      const timer = setTimeout(() => closeSync(fd), 3000)
      const started = performance.now()
      await volume.removeSnapshot(snapshot)
      clearTimeout(timer)
      const waited = performance.now() - started > 2000
      await volume.removeSnapshot(snapshot)
      await volume.deactivate(snapshot)
      results.push({ again, waited, left: (await volume.ownSnapshots()).length })
    }
    return results
  },

  /** As when the computer is started anew. */
  async restarted() {
    const thin = await find('/dev/my-vg/d-a')
    const classic = await find('/dev/two/root')
    // Some have LVM set so that snapshots are like other volumes.
    writeFileSync('/etc/lvm/lvmlocal.conf', 'activation { auto_set_activation_skip = 0 }\n')
    const older = [await snapshotOf(thin), await snapshotOf(classic)] as const
    await thin.activate(older[0])
    await write('/dev/my-vg/d-a', 0, 65_536)
    await write('/dev/two/root', 0, 4096)
    await thin.deactivate(older[0])
    await thin.deactivate(older[0])
    sh('vgchange', '-an', 'my-vg', 'two')
    sh('vgchange', '-ay', '-q', 'my-vg', 'two')
    const isActive = existsSync(`/dev/my-vg/${older[0].name}`)
    rmSync('/etc/lvm/lvmlocal.conf')
    const newer = [await snapshotOf(thin), await snapshotOf(classic)] as const
    const result = {
      isActive,
      thin: await thin.changes(older[0], newer[0]),
      classic: await classic.changes(older[1], newer[1]),
      valid: [await thin.isValid(older[0]), await classic.isValid(older[1])],
    }
    for (const snapshot of [older[0], newer[0]]) await thin.removeSnapshot(snapshot)
    for (const snapshot of [older[1], newer[1]]) await classic.removeSnapshot(snapshot)
    return result
  },

  /** Snapshots of others, with one half of what makes ours. */
  async foreign() {
    sh('lvcreate', '-q', '-y', '-s', '-pr', '-n', 'holdfast_untagged', 'my-vg/d-a')
    sh('lvcreate', '-q', '-y', '-s', '-pr', '--addtag', 'holdfast', '-n', 'tagged', 'my-vg/d-a')
    const volume = await find('/dev/my-vg/d-a')
    const own = await snapshotOf(volume)
    // Somebody may add tags to it.
    sh('lvchange', '-q', '--addtag', 'another', `my-vg/${own.name}`)
    const listed = (await volume.ownSnapshots()).map(({ name }) => name)
    const withOwn = (await driver.withOwnSnapshots()).map(({ path }) => path)
    const uuid = (name: string) => {
      const [group, lv] = sh('lvs', '--noheadings', '-o', 'vg_uuid,lv_uuid', `my-vg/${name}`).split(/\s+/)
      return `LVM-${group}${lv}`.replaceAll('-', '').replace('LVM', 'LVM-')
    }
    for (const name of ['holdfast_untagged', 'tagged'])
      await volume.removeSnapshot({ id: uuid(name), name, sizeBytes: volume.sizeBytes })
    await volume.removeSnapshot(own)
    const left = sh('lvs', '--noheadings', '-o', 'lv_name', 'my-vg').split(/\s+/)
    sh('lvremove', '-q', '-y', 'my-vg/tagged', 'my-vg/holdfast_untagged')
    return { own: own.name, listed, withOwn, left }
  },

  /** A terabyte of which nothing was written, but for its ends. */
  async sparse() {
    sh('lvcreate', '-q', '-y', '-V', '1T', '-T', '-n', 'huge', 'my-vg/the-pool')
    const volume = await find('/dev/my-vg/huge')
    await write('/dev/my-vg/huge', 0, 65_536)
    await write('/dev/my-vg/huge', volume.sizeBytes - 65_536, 65_536)
    const [older, newer] = [await snapshotOf(volume), await snapshotOf(volume)]
    const started = performance.now()
    const changes = await volume.changes(older, newer)
    const ms = performance.now() - started
    const result = { size: volume.sizeBytes, ms, changes, allocated: await volume.allocated(newer) }
    sh('lvremove', '-q', '-y', 'my-vg/huge', `my-vg/${older.name}`, `my-vg/${newer.name}`)
    return result
  },

  /** A thin volume that shows another one wherever it was not written to. */
  async externalOrigin() {
    sh('lvcreate', '-q', '-y', '-L', '4M', '-n', 'outside', 'my-vg')
    await write('/dev/my-vg/outside', 0, 4 * mib)
    sh('lvchange', '-q', '-y', '-pr', 'my-vg/outside')
    sh('lvchange', '-q', '-y', '-an', 'my-vg/outside')
    sh('lvcreate', '-q', '-y', '-s', '--thinpool', 'my-vg/the-pool', '-kn', '-n', 'inside', 'my-vg/outside')
    sh('lvchange', '-q', '-y', '-ay', '-K', 'my-vg/inside')
    const volume = await find('/dev/my-vg/inside')
    const older = await snapshotOf(volume)
    await write('/dev/my-vg/inside', mib, 65_536)
    const newer = await snapshotOf(volume)
    const result = { allocated: (await volume.allocated(newer)) ?? null, changes: await volume.changes(older, newer) }
    sh('lvremove', '-q', '-y', `my-vg/${older.name}`, `my-vg/${newer.name}`, 'my-vg/inside', 'my-vg/outside')
    return result
  },

  /** A group with the same name on another disk. */
  async sameName() {
    // As of a disk that was in another computer: in /dev, the name is taken.
    mkdirSync('/run/other')
    const elsewhere = 'devices { dir="/run/other" scan=["/dev"] }'
    sh('vgcreate', '-q', '--config', elsewhere, '--devices', '/dev/vdc', 'two', '/dev/vdc')
    const [uuid] = shTry('vgs', '--noheadings', '-o', 'vg_uuid', '--devices', '/dev/vdc').split(/\s+/)
    sh('lvcreate', '-q', '-y', '--devices', '/dev/vdc', '-L', '8M', '-n', 'else', 'two')
    sh('lvcreate', '-q', '-y', '--devices', '/dev/vdc', '-L', '32M', '-T', 'two/pool')
    sh('lvcreate', '-q', '-y', '--devices', '/dev/vdc', '-V', '8M', '-T', '-n', 'thin', 'two/pool')
    const results: Record<string, unknown> = {}
    for (const name of ['root', 'else', 'thin']) {
      results[name] = await outcome(async () => {
        const volume = await find(`/dev/two/${name}`)
        const older = await snapshotOf(volume)
        await write(`/dev/two/${name}`, 65_536, 65_536)
        const newer = await snapshotOf(volume)
        const changes = await volume.changes(older, newer)
        const there = leadsTo(await contentOf(volume, older), await contentOf(volume, newer), changes)
        await volume.deactivate(newer)
        for (const snapshot of await volume.ownSnapshots()) await volume.removeSnapshot(snapshot)
        return { inOther: volume.id.startsWith(`LVM-${uuid!.replaceAll('-', '')}`), changes, there }
      })
    }
    const left = sh('lvs', '--noheadings', '-o', 'lv_name', '--select', 'lv_tags=holdfast')
    // Those that follow say only "two".
    sh('vgremove', '-q', '-y', '--devices', '/dev/vdc', 'two')
    return { ...results, left }
  },

  async noRoom() {
    const classic = await find('/dev/two/mirrored')
    sh('lvcreate', '-q', '-y', '-l', '100%FREE', '-n', 'fill', 'two')
    const results = {
      byDefault: await outcome(() => snapshotOf(classic)),
      asked: await outcome(() => snapshotOf(classic, 8 * mib)),
    }
    sh('lvremove', '-q', '-y', 'two/fill')
    sh('lvcreate', '-q', '-y', '-L', '8M', '-n', 'last', 'my-vg')
    return results
  },

  async poolFull() {
    const volume = await find('/dev/my-vg/d-a')
    const [older, newer] = [await snapshotOf(volume), await snapshotOf(volume)]
    sh('lvchange', '-q', '--errorwhenfull', 'y', 'my-vg/the-pool')
    sh('lvcreate', '-q', '-y', '-V', '400M', '-T', '-n', 'eater', 'my-vg/the-pool')
    shTry('dd', 'if=/dev/zero', 'of=/dev/my-vg/eater', 'bs=1M', 'oflag=direct', 'status=none')
    const result = {
      status: sh('dmsetup', 'status', pool),
      snapshot: await outcome(() => snapshotOf(volume)),
      changes: await volume.changes(older, newer),
    }
    sh('lvremove', '-q', '-y', 'my-vg/eater')
    for (const snapshot of [older, newer]) await volume.removeSnapshot(snapshot)
    return { ...result, left: (await volume.ownSnapshots()).length }
  },
}

if (process.argv[2] === 'hold') {
  await withMetadataSnapshot(contextOf(stateDir), poolId(), undefined, async () => {
    process.stdout.write('held\n')
    await sleep(600_000)
  })
} else {
  const wanted = process.argv.slice(2)
  for (const [name, trial] of Object.entries(trials)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const started = performance.now()
    save(name, await outcome(trial))
    console.log(`${name} ${Math.round((performance.now() - started) / 1000)} s`)
  }
  save('log', logged)
}
