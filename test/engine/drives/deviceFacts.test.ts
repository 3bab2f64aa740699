import { describe, expect, test } from 'vitest'
import { maximumDeviceText } from '../../../engine/contract/drives.ts'
import { mergeFacts, parseBlkid, parseLsblk } from '../../../engine/drives/deviceFacts.ts'
import { cleanText, decodeEscapes } from '../../../engine/drives/deviceText.ts'

/** A laptop as util-linux 2.38 shows it: NVMe with LUKS and LVM, and a USB drive. */
const laptop = JSON.stringify({
  blockdevices: [
    {
      kname: 'nvme0n1',
      'maj:min': '259:0',
      rm: false,
      hotplug: false,
      tran: 'nvme',
      vendor: null,
      model: 'WD_BLACK SN770 1TB',
      serial: '22501Q800123',
      wwn: 'eui.e8238fa6bf530001001b448b4a1c0000',
      pttype: 'gpt',
      ptuuid: '6f2b0a1c-4c1e-4e0d-9a7e-0d2b6b8d9f10',
      partuuid: null,
      fstype: null,
      label: null,
      uuid: null,
      children: [
        {
          kname: 'nvme0n1p2',
          'maj:min': '259:2',
          rm: false,
          hotplug: false,
          tran: 'nvme',
          vendor: null,
          model: null,
          serial: null,
          wwn: 'eui.e8238fa6bf530001001b448b4a1c0000',
          pttype: 'gpt',
          ptuuid: '6f2b0a1c-4c1e-4e0d-9a7e-0d2b6b8d9f10',
          partuuid: 'a2d1f7d4-0f5d-4b7c-b0b1-6a5c8f3e2d11',
          fstype: 'crypto_LUKS',
          label: null,
          uuid: '0d6c6f0e-2f0c-4e9e-8a38-5d3f7f0f6b1a',
          children: [
            {
              kname: 'dm-0',
              'maj:min': '254:0',
              rm: false,
              hotplug: false,
              tran: null,
              fstype: 'LVM2_member',
              uuid: 'kQ8Yx1-aaaa-bbbb-cccc-dddd-eeee-ffffff',
              children: [{ kname: 'dm-1', 'maj:min': '254:1', rm: false, fstype: 'ext4', uuid: '11111111-2222' }],
            },
          ],
        },
      ],
    },
    {
      kname: 'sdb',
      'maj:min': '  8:16 ',
      rm: false,
      hotplug: true,
      tran: 'usb',
      vendor: 'Samsung ',
      model: 'Portable SSD T7',
      serial: 'S6XNNS0W123456A',
      wwn: null,
      pttype: 'dos',
      fstype: null,
    },
  ],
})

describe('the output of lsblk', () => {
  test('is read as a tree, down to the volumes', () => {
    const facts = parseLsblk(laptop)!
    expect([...facts.keys()].sort()).toEqual(['254:0', '254:1', '259:0', '259:2', '8:16'])
    expect(facts.get('8:16')).toEqual({
      removable: false,
      hotplug: true,
      transport: 'usb',
      vendor: 'Samsung',
      model: 'Portable SSD T7',
      serial: 'S6XNNS0W123456A',
      partitionTable: 'dos',
    })
    expect(facts.get('259:2')).toMatchObject({
      fileSystemType: 'crypto_LUKS',
      fileSystemUuid: '0d6c6f0e-2f0c-4e9e-8a38-5d3f7f0f6b1a',
    })
    expect(facts.get('254:1')).toEqual({ removable: false, fileSystemType: 'ext4', fileSystemUuid: '11111111-2222' })
  })

  test('is read as older versions print it, with truth as text', () => {
    const old =
      '{"blockdevices": [{"kname":"sdb", "maj:min":"8:16", "rm":"1", "hotplug":"0", "tran":"usb", "model":"Flash Disk      "}]}'
    expect(parseLsblk(old)!.get('8:16')).toEqual({
      removable: true,
      hotplug: false,
      transport: 'usb',
      model: 'Flash Disk',
    })
  })

  test('loses the vendor that is only a number', () => {
    const virtio = '{"blockdevices": [{"maj:min":"254:0", "vendor":"0x1af4", "rm":false}]}'
    expect(parseLsblk(virtio)!.get('254:0')).toEqual({ removable: false })
  })

  test('that is not understood counts as none', () => {
    for (const output of ['', 'lsblk: unknown column', '[]', '{"blockdevices": 4}', 'null']) {
      expect(parseLsblk(output)).toBeUndefined()
    }
  })

  test('keeps what is understood beside rows and values that are not', () => {
    const rows = [
      null,
      'sda',
      { 'maj:min': 7 },
      { 'maj:min': '8:0', rm: 'perhaps', label: 5, model: {}, children: 'none', uuid: 'u' },
    ]
    expect([...parseLsblk(JSON.stringify({ blockdevices: rows }))!]).toEqual([['8:0', { fileSystemUuid: 'u' }]])
  })

  test('of any size ends after some thousand rows', () => {
    const many = Array.from({ length: 10_000 }, (_, minor) => ({ 'maj:min': `9:${minor}` }))
    expect(parseLsblk(JSON.stringify({ blockdevices: many }))!.size).toBe(4096)
  })
})

test('the output of blkid is read with its escapes', () => {
  const output = [
    'ID_FS_LABEL=Meine_Platte',
    'ID_FS_LABEL_ENC=Meine\\x20Platte\\x20\\xc3\\xa4',
    'ID_FS_UUID=e2b40f43-9026-4644-92cf-a9a13862b044',
    'ID_FS_UUID_ENC=e2b40f43-9026-4644-92cf-a9a13862b044',
    'ID_FS_VERSION=1.0',
    'ID_FS_BLOCK_SIZE=1024',
    'ID_FS_TYPE=ext4',
    'ID_FS_USAGE=filesystem',
    'ID_PART_ENTRY_UUID=1c2d3e4f-01',
    '',
  ].join('\n')
  expect(parseBlkid(output)).toEqual({
    fileSystemType: 'ext4',
    fileSystemLabel: 'Meine Platte ä',
    fileSystemUuid: 'e2b40f43-9026-4644-92cf-a9a13862b044',
    partitionUuid: '1c2d3e4f-01',
  })
  expect(parseBlkid('blkid: error: /dev/sdb: Input/output error')).toEqual({})
})

test('earlier facts win, later ones fill the gaps', () => {
  expect(mergeFacts({ model: 'A' }, undefined, { model: 'B', serial: '1' })).toEqual({ model: 'A', serial: '1' })
})

describe('text from devices', () => {
  test.each([
    ['  two   blanks ', 'two blanks'],
    ['line\nbreak\tand\u0000nul\u001b[31m', 'line break and nul [31m'],
    ['right\u202Eto left\u2066', 'right to left'],
    ['\ud800broken', '\ufffdbroken'],
    ['e\u0301', 'é'],
    [' \u200b\n', null],
    [undefined, null],
    [42, null],
  ])('%j becomes %j', (text, clean) => {
    expect(cleanText(text)).toBe(clean)
  })

  test('is short, and not cut within a character', () => {
    expect(cleanText('x'.repeat(10_000_000))).toHaveLength(maximumDeviceText)
    const emoji = cleanText(`${'a'.repeat(maximumDeviceText - 1)}😀😀`)!
    expect(emoji).toBe('a'.repeat(maximumDeviceText - 1))
  })

  test('has its escapes undone byte by byte, and nothing else', () => {
    expect(decodeEscapes('a\\x20b\\xc3\\xa4\\xzz\\')).toBe('a bä\\xzz\\')
    expect(decodeEscapes('😀\\x21')).toBe('😀!')
  })
})
