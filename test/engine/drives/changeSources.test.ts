import { type ChildProcess, spawn } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kernelTables, udevEvents } from '../../../engine/drives/changeSources.ts'
import type { ChangeSource } from '../../../engine/drives/watcher.ts'
import { LeapingClock } from '../../support/leapingClock.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

/** Runs a source until it was seen to hint `times` times, or has ended by itself. */
async function watchUntil(source: ChangeSource, times: number, after: (hints: number) => void = () => undefined) {
  const end = new AbortController()
  let hints = 0
  await source.watch(() => {
    hints += 1
    after(hints)
    if (hints >= times) end.abort()
  }, end.signal)
  return hints
}

describe('the tables of the kernel', () => {
  const mountTable = () => join(folder.path, 'mountinfo')
  const deviceTable = () => join(folder.path, 'partitions')

  /** A clock that runs `steps` one after the other, one per sleep, and then ends the watching. */
  async function hintsAfter(steps: readonly ((clock: LeapingClock) => Promise<unknown>)[]) {
    await writeFile(mountTable(), 'one\n')
    await writeFile(deviceTable(), 'sda\n')
    const end = new AbortController()
    const waiting = [...steps]
    class SteppingClock extends LeapingClock {
      override async sleep(ms: number, signal?: AbortSignal) {
        await super.sleep(ms, signal)
        const step = waiting.shift()
        if (step === undefined) end.abort()
        else await step(this)
      }
    }
    let hints = 0
    const clock = new SteppingClock()
    const source = kernelTables({ clock, tables: [mountTable(), deviceTable()] })
    await source.watch(() => {
      hints += 1
    }, end.signal)
    return { hints, clock }
  }
  const nothing = () => Promise.resolve()

  test('give no hint while they stay as they are', async () => {
    const { hints, clock } = await hintsAfter([nothing, nothing, nothing])
    expect(hints).toBe(0)
    expect(clock.sleeps).toEqual([3000, 3000, 3000, 3000])
  })

  test('give one hint for each change of the mounts or the devices', async () => {
    const { hints } = await hintsAfter([
      () => writeFile(mountTable(), 'one\ntwo\n'),
      nothing,
      () => writeFile(deviceTable(), 'sda\nsdb\n'),
      () => writeFile(deviceTable(), 'sda\n'),
      nothing,
    ])
    expect(hints).toBe(3)
  })

  test('give a hint when the computer has slept', async () => {
    const { hints } = await hintsAfter([nothing, async clock => clock.advance(3_600_000), nothing])
    expect(hints).toBe(1)
  })

  test('that cannot be read do no harm', async () => {
    const { hints } = await hintsAfter([() => rm(mountTable()), nothing, nothing])
    // Once, because it went away.
    expect(hints).toBe(1)
  })
})

/** A monitor that is a real program. */
const shell = (script: string): ChildProcess =>
  spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: process.env.PATH } })

const greeting =
  'monitor will print the received events for:\nUDEV - the event which udev sends out after rule processing\n\n'
const event = 'UDEV  [10032.332910] change   /devices/virtual/block/loop0 (block)\n'
const print = (text: string) => `printf '%s' '${text}';`

describe('the events of udev', () => {
  test('are hints, and the greeting is none', async () => {
    const clock = new LeapingClock()
    const starts: string[] = []
    const source = udevEvents({
      clock,
      async start() {
        starts.push('')
        // The second monitor goes on, so that the only hint between is that of the restart.
        return starts.length === 1 ? shell(print(greeting)) : shell(`${print(greeting + event)} exec sleep 60`)
      },
    })
    expect(await watchUntil(source, 2)).toBe(2)
    expect(starts).toHaveLength(2)
  })

  test('are understood when they arrive in pieces', async () => {
    const pieces = ['UD', 'EV  [1003', '2.332910] change /devi', 'ces/virtual/block/loop0 (block)\n']
    const script = pieces.map(piece => `${print(piece)} sleep 0.05;`).join(' ')
    const source = udevEvents({ start: async () => shell(`${script} exec sleep 60`) })
    expect(await watchUntil(source, 1)).toBe(1)
  })

  test('that come as a flood without a line end do not pile up', async () => {
    const source = udevEvents({
      start: async () => shell(`head -c 20000000 /dev/zero; ${print(`\n${event}`)} exec sleep 60`),
    })
    const before = process.memoryUsage().rss
    expect(await watchUntil(source, 1)).toBe(1)
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024)
  })

  test('come from a monitor that is started again when it dies, ever more slowly', async () => {
    const clock = new LeapingClock()
    const source = udevEvents({ clock, start: async () => shell('exit 1') })
    await watchUntil(source, 6)
    expect(clock.sleeps).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000])
  })

  test('come from a monitor that is started again soon when it had been well', async () => {
    const clock = new LeapingClock()
    let starts = 0
    const source = udevEvents({
      clock,
      async start() {
        starts += 1
        const child = shell('exit 1')
        if (starts === 4) child.once('exit', () => clock.advance(60_000))
        return child
      },
    })
    await watchUntil(source, 5)
    expect(clock.sleeps).toEqual([1000, 2000, 4000, 1000, 2000])
  })

  test('do not come where there is no such program', async () => {
    expect(await watchUntil(udevEvents({ start: async () => undefined }), 1)).toBe(0)
    const missing = async () => spawn('/nonexistent/udevadm', [], { stdio: ['ignore', 'pipe', 'ignore'] })
    expect(await watchUntil(udevEvents({ clock: new LeapingClock(), start: missing }), 2)).toBe(2)
  })

  test('end with the monitor', async () => {
    const end = new AbortController()
    const child = shell(`${print(greeting)} exec sleep 60`)
    const watching = udevEvents({ start: async () => child }).watch(() => undefined, end.signal)
    await new Promise(resolve => child.stdout!.once('data', resolve))
    end.abort()
    await watching
    expect(child.signalCode).toBe('SIGTERM')
  })
})
