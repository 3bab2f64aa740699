import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseConfigText } from '../../../engine/files/lvm/configText.ts'
import { readVolumeGroup } from '../../../engine/files/lvm/volumeGroup.ts'
import { type Segment, segmentOf } from '../../../engine/files/segments.ts'

const mib = 1024 * 1024

/** As LVM 2.03 writes it, shortened. Extents of 4 MiB, data from 1 MiB on. */
const text = `
vg0 {
id = "cSc6D5-2B23-YDjz-Dcyn-ZwEM-YPYL-lQETSo"
seqno = 7
format = "lvm2"			# informational
status = ["RESIZEABLE", "READ", "WRITE"]
flags = []
extent_size = 8192		# 4 Megabytes
physical_volumes {
pv0 {
id = "HWSE0o-31RD-HDGC-Ytof-To3e-WTsN-VjwZjL"
device = "/dev/sda2"	# Hint only
pe_start = 2048
pe_count = 100
}
pv1 {
id = "AAAAAA-31RD-HDGC-Ytof-To3e-WTsN-VjwZjL"
pe_start = 2048
pe_count = 100
}
}
logical_volumes {
root {
status = ["READ", "WRITE", "VISIBLE"]
segment_count = 2
segment1 {
start_extent = 0
extent_count = 2
type = "striped"
stripe_count = 1	# linear
stripes = [
"pv0", 0
]
}
segment2 {
start_extent = 2
extent_count = 1
type = "striped"
stripe_count = 1
stripes = [
"pv0", 5
]
}
}
fast {
status = ["READ", "WRITE", "VISIBLE"]
segment_count = 1
segment1 {
start_extent = 0
extent_count = 2
type = "striped"
stripe_count = 2
stripe_size = 128
stripes = [
"pv0", 10,
"pv1", 20
]
}
}
mirror {
status = ["READ", "WRITE", "VISIBLE"]
segment_count = 1
segment1 {
start_extent = 0
extent_count = 1
type = "raid1"
}
}
pool {
status = ["READ", "WRITE", "VISIBLE"]
segment_count = 1
segment1 {
start_extent = 0
extent_count = 4
type = "thin-pool"
metadata = "pool_tmeta"
pool = "pool_tdata"
transaction_id = 1
chunk_size = 128
}
}
pool_tmeta {
status = ["READ", "WRITE"]
segment_count = 1
segment1 {
start_extent = 0
extent_count = 1
type = "striped"
stripes = ["pv0", 30]
}
}
pool_tdata {
status = ["READ", "WRITE"]
segment_count = 1
segment1 {
start_extent = 0
extent_count = 4
type = "striped"
stripes = ["pv0", 40]
}
}
thin {
status = ["READ", "WRITE", "VISIBLE"]
segment_count = 1
segment1 {
start_extent = 0
extent_count = 50
type = "thin"
thin_pool = "pool"
transaction_id = 0
device_id = 3
}
}
}
}
contents = "Text Format Volume Group"
`

const first = 'HWSE0o-31RD-HDGC-Ytof-To3e-WTsN-VjwZjL'
const second = 'AAAAAA-31RD-HDGC-Ytof-To3e-WTsN-VjwZjL'
const both = new Map<string, readonly Segment[]>([
  [first, [segmentOf(1000 * mib, 500 * mib)]],
  [second, [segmentOf(2000 * mib, 500 * mib)]],
])
const placesIn = (disks: ReadonlyMap<string, readonly Segment[]>) =>
  Object.fromEntries(readVolumeGroup(text, disks)!.map(({ name, place }) => [name, place]))

describe('the text of a volume group', () => {
  test('gives the volumes that people see, pools and parts of them left out', () => {
    const volumes = readVolumeGroup(text, both)!
    expect(volumes.map(({ group, name }) => `${group}/${name}`)).toEqual([
      'vg0/root',
      'vg0/fast',
      'vg0/mirror',
      'vg0/thin',
    ])
  })

  test('says where the pieces of a linear volume lie on the disk', () => {
    expect(placesIn(both).root).toEqual({
      kind: 'segments',
      segments: [segmentOf(1001 * mib, 8 * mib), segmentOf(1021 * mib, 4 * mib)],
    })
  })

  test('says where the stripes of a striped one lie', () => {
    expect(placesIn(both).fast).toEqual({
      kind: 'segments',
      segments: [{ length: 8 * mib, stripeBytes: 65_536, places: [1041 * mib, 2081 * mib] }],
    })
  })

  test('says what a thin volume and its pool are made of', () => {
    expect(placesIn(both).thin).toEqual({
      kind: 'thin',
      deviceId: 3,
      sizeBytes: 200 * mib,
      pool: {
        metadata: [segmentOf(1121 * mib, 4 * mib)],
        data: [segmentOf(1161 * mib, 16 * mib)],
        chunkBytes: 65_536,
      },
    })
  })

  test('says why others cannot be opened', () => {
    expect(placesIn(both).mirror).toMatchObject({
      kind: 'none',
      why: expect.stringContaining('raid1'),
      sizeBytes: 4 * mib,
    })
    const withoutSecond = placesIn(new Map([[first, both.get(first)!]]))
    expect(withoutSecond.fast).toMatchObject({ kind: 'none', why: 'A part of it is on another disk' })
    expect(withoutSecond.root).toMatchObject({ kind: 'segments' })
    const short = placesIn(new Map([...both, [first, [segmentOf(1000 * mib, 20 * mib)]]]))
    expect(short.root).toMatchObject({ kind: 'none', why: 'A part of it lies beyond the end of the disk' })
  })

  test('that was altered gives places inside of the disks, or none, and never fails', () => {
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.constantFrom('', '9', '}', '{', '"', '-', 'x', '99999999999'),
        (at, by) => {
          const altered = text.slice(0, at) + by + text.slice(at + 1)
          for (const { place } of readVolumeGroup(altered, both) ?? []) {
            if (place.kind !== 'segments') continue
            for (const { length, places } of place.segments) {
              expect(length).toBeGreaterThan(0)
              for (const start of places) {
                const disk = start < 1500 * mib ? 1000 * mib : 2000 * mib
                expect(start).toBeGreaterThanOrEqual(disk)
                expect(start + length / places.length).toBeLessThanOrEqual(disk + 500 * mib)
              }
            }
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('configuration text', () => {
  test('has numbers, texts, lists, sections and comments', () => {
    const config = parseConfigText('a = 1 # one\nb { c = "x \\"y\\"" d = [1, "two", []] }')
    expect([...config!]).toEqual([
      ['a', 1],
      [
        'b',
        new Map<string, unknown>([
          ['c', 'x "y"'],
          ['d', [1, 'two', []]],
        ]),
      ],
    ])
  })

  test.each([
    'a',
    'a =',
    'a = [1',
    'a { b = 1',
    '}',
    'a = 1 }',
    '= 1',
    'a = $',
    `${'a {'.repeat(50)}${'}'.repeat(50)}`,
  ])('that is not closed, or too deep, is none: %s', text => expect(parseConfigText(text)).toBeNull())
})
