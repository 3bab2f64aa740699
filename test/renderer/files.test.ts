import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FileEntry } from '../../engine/contract/files.ts'
import type { LibraryVersion } from '../../engine/contract/library.ts'
import { formatsOf } from '../../renderer/src/i18n/format.ts'
import { commandsFor, quoted } from '../../renderer/src/screens/attached/commands.ts'
import {
  afterBox,
  afterClick,
  afterKey,
  firstState,
  type GridState,
} from '../../renderer/src/screens/files/gridKeys.ts'
import {
  crumbsOf,
  isOwnFolder,
  joined,
  modeText,
  nameOf,
  parentOf,
} from '../../renderer/src/screens/files/insidePaths.ts'
import {
  entryAt,
  missingFrom,
  noPages,
  type Pages,
  pageSize,
  withPage,
} from '../../renderer/src/screens/files/pages.ts'
import {
  between,
  everything,
  has,
  joinedWith,
  nothing,
  placesOf,
  type Selection,
  toggled,
} from '../../renderer/src/screens/files/selection.ts'
import { toGetBackFrom } from '../../renderer/src/screens/home/getBackFrom.ts'

const none = { shiftKey: false, ctrlKey: false }
const shift = { shiftKey: true, ctrlKey: false }
const ctrl = { shiftKey: false, ctrlKey: true }

describe('a path inside of a volume', () => {
  it('is taken apart and put together', () => {
    expect(joined('', 'home')).toBe('home')
    expect(joined('home', 'anna')).toBe('home/anna')
    expect(['home/anna/letters', 'home', ''].map(parentOf)).toEqual(['home/anna', '', ''])
    expect(['home/anna', 'home', ''].map(nameOf)).toEqual(['anna', 'home', ''])
    expect(crumbsOf('home/anna')).toEqual([
      { name: 'home', path: 'home' },
      { name: 'anna', path: 'home/anna' },
    ])
    expect(crumbsOf('')).toEqual([])
  })

  it.each([
    ['0644', 'rw-r--r--'],
    ['0755', 'rwxr-xr-x'],
    ['4755', 'rwsr-xr-x'],
    ['1777', 'rwxrwxrwt'],
    ['6640', 'rwSr-S---'],
    ['0000', '---------'],
  ])('shows permissions as ls does: %s', (mode, text) => {
    expect(modeText(mode)).toBe(text)
  })

  it('takes folders from the root or from home to copy to', () => {
    expect(['/srv', '~/Back', '/', 'x', '~', '~anna/x', '', '/a\0b'].map(isOwnFolder)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ])
  })
})

describe('a selection', () => {
  /** The same, slowly: as a set of numbers. */
  const setOf = (selection: Selection) => new Set(placesOf(selection))
  const place = fc.integer({ min: 0, max: 60 })

  it('holds what a set would hold, in stretches that never touch', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('toggle' as const), at: place }),
      fc.record({ do: fc.constant('add' as const), from: place, to: place }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        let selection = nothing
        const model = new Set<number>()
        for (const one of steps) {
          if (one.do === 'toggle') {
            selection = toggled(selection, one.at)
            if (!model.delete(one.at)) model.add(one.at)
          } else {
            selection = joinedWith(selection, between(one.from, one.to))
            for (let i = Math.min(one.from, one.to); i <= Math.max(one.from, one.to); i++) model.add(i)
          }
        }
        expect(setOf(selection)).toEqual(model)
        expect(selection.count).toBe(model.size)
        selection.stretches.forEach(([from, to], i) => {
          expect(from).toBeLessThan(to)
          if (i > 0) expect(from).toBeGreaterThan(selection.stretches[i - 1]![1])
        })
        for (let i = 0; i <= 61; i++) expect(has(selection, i)).toBe(model.has(i))
      }),
    )
  })

  it('of everything costs nothing', () => {
    const all = everything(10_000_000)
    expect([all.count, all.stretches.length]).toEqual([10_000_000, 1])
    expect(toggled(all, 5_000_000).stretches).toEqual([
      [0, 5_000_000],
      [5_000_001, 10_000_000],
    ])
    expect(everything(0)).toEqual(nothing)
  })
})

describe('keys and clicks in a folder', () => {
  const pressed = (state: GridState, ...keys: [string, typeof none][]) =>
    keys.reduce((now, [key, modifiers]) => afterKey(now, key, modifiers, 100, 10) ?? now, state)

  it('move without selecting, and stay within the list', () => {
    expect(pressed(firstState, ['ArrowDown', none], ['PageDown', none]).active).toBe(11)
    expect(pressed(firstState, ['ArrowUp', none]).active).toBe(0)
    expect(pressed(firstState, ['End', none], ['ArrowDown', none])).toEqual({
      selection: nothing,
      active: 99,
      anchor: 99,
    })
    expect(afterKey(firstState, 'ArrowDown', none, 0, 10)).toBeNull()
  })

  it('select with Space, extend with Shift, take all with Ctrl+A, and let go with Escape', () => {
    const chosen = pressed(firstState, ['ArrowDown', none], [' ', none], ['ArrowDown', shift], ['ArrowDown', shift])
    expect(placesOf(chosen.selection)).toEqual([1, 2, 3])
    expect(pressed(chosen, ['a', ctrl]).selection.count).toBe(100)
    expect(afterKey(chosen, 'a', none, 100, 10)).toBeNull()
    expect(pressed(chosen, ['Escape', none]).selection).toEqual(nothing)
    expect(afterKey(firstState, 'Escape', none, 100, 10)).toBeNull()
  })

  it('select a row alone, add with Ctrl, reach with Shift; boxes add', () => {
    const one = afterClick(firstState, 4, none)
    expect(placesOf(one.selection)).toEqual([4])
    expect(placesOf(afterClick(one, 6, none).selection)).toEqual([6])
    const two = afterClick(one, 6, ctrl)
    expect(placesOf(two.selection)).toEqual([4, 6])
    expect(placesOf(afterClick(two, 8, shift).selection)).toEqual([6, 7, 8])
    expect(placesOf(afterBox(two, 9, none).selection)).toEqual([4, 6, 9])
    expect(placesOf(afterBox(two, 9, shift).selection)).toEqual([4, 6, 7, 8, 9])
  })
})

describe('pages of a folder', () => {
  const page = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ name: `${from + i}` }) as FileEntry)

  it('are asked for where something is missing, at whole multiples', () => {
    expect(missingFrom(noPages, 0, 40)).toBe(0)
    const first = withPage(noPages, 0, page(0, pageSize), 1000)
    expect(missingFrom(first, 0, pageSize)).toBeNull()
    expect(missingFrom(first, 150, 250)).toBe(200)
    expect(missingFrom(first, 930, 970)).toBe(800)
    expect(missingFrom(first, 990, 1040)).toBe(800)
    expect(missingFrom(first, 1000, 1040)).toBeNull()
  })

  it('go on where one was shorter than asked for', () => {
    const short = withPage(noPages, 0, page(0, 30), 1000)
    expect(missingFrom(short, 20, 60)).toBe(30)
  })

  it('come to an end, whatever lengths they have', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 900 }),
        fc.infiniteStream(fc.integer({ min: 1, max: pageSize })),
        (total, lengths) => {
          let pages: Pages = noPages
          for (let asked = 0; ; asked++) {
            expect(asked).toBeLessThanOrEqual(total)
            const offset = missingFrom(pages, 0, 900)
            if (offset === null) break
            const length = Math.min(total - offset, Number(lengths.next().value))
            pages = withPage(pages, offset, page(offset, length), total)
          }
          expect(Array.from({ length: total }, (_, i) => entryAt(pages, i)?.name)).toEqual(
            Array.from({ length: total }, (_, i) => `${i}`),
          )
        },
      ),
    )
  })
})

describe('the versions that Home offers files of', () => {
  const version = (name: string, date: string, destination = 'a', facts: Partial<LibraryVersion> = {}) =>
    ({
      id: `${name} ${date} ${destination}`,
      name,
      host: 'h',
      date,
      destination,
      status: 'complete',
      ...facts,
    }) as LibraryVersion
  const namesOf = (versions: LibraryVersion[]) => versions.map(({ id }) => id)

  it('are the newest of each thing and day, complete ones, six at most', () => {
    const noon = (day: number) => `2026-06-${String(day).padStart(2, '0')}T12:00:00.000Z`
    const all = [12, 11, 10, 9].flatMap(day => [
      version('root', noon(day)),
      version('home', noon(day)),
      version('root', `2026-06-${String(day).padStart(2, '0')}T11:00:00.000Z`),
    ])
    all[0]!.status = 'damaged'
    expect(namesOf(toGetBackFrom(all, () => true))).toEqual([
      `home ${noon(12)} a`,
      'root 2026-06-12T11:00:00.000Z a',
      `root ${noon(11)} a`,
      `home ${noon(11)} a`,
      `root ${noon(10)} a`,
      `home ${noon(10)} a`,
    ])
  })

  it('are those that are at hand, of the same moment in several places', () => {
    const date = '2026-06-12T12:00:00.000Z'
    const all = [version('root', date, 'away'), version('root', date, 'here')]
    expect(namesOf(toGetBackFrom(all, id => id === 'here'))).toEqual([`root ${date} here`])
    expect(namesOf(toGetBackFrom(all, () => false))).toEqual([`root ${date} away`])
  })
})

describe('commands for a writable copy', () => {
  it('are whole words for a shell, and only those that can work', () => {
    expect(quoted("it's")).toBe(`'it'\\''s'`)
    expect(commandsFor('/dev/nbd0', null).map(({ command }) => command)).toEqual([
      'sudo fsck /dev/nbd0',
      'sudo mount /dev/nbd0 /mnt',
    ])
    expect(commandsFor(null, 'nbd+unix:///x?socket=/a b')).toEqual([
      {
        what: 'machine',
        command:
          "sudo qemu-system-x86_64 -enable-kvm -m 4G -drive 'file=nbd+unix:///x?socket=/a b,format=raw,if=virtio'",
      },
    ])
    expect(commandsFor(null, null)).toEqual([])
  })
})

describe('moments in columns', () => {
  it('are short, and in words near today', () => {
    const { stamp } = formatsOf('en-GB')
    const now = new Date(2026, 10, 26, 15, 0).getTime()
    expect(stamp(new Date(2026, 10, 25, 9, 5).toISOString(), now)).toBe('yesterday 09:05')
    expect(stamp(new Date(2026, 8, 3, 9, 5).toISOString(), now)).toBe('3 Sept 2026, 09:05')
  })
})
