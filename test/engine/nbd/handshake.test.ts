import { beforeEach, describe, expect, it } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { ExportList } from '../../../engine/nbd/export.ts'
import { MemoryDisk, memoryExports } from '../../support/memoryExport.ts'
import { contextData, infoData, type NbdClient, optionBytes, text, u16, u32, u64 } from '../../support/nbdClient.ts'
import { until, useNbdServer } from '../../support/nbdServer.ts'

const nbd = useNbdServer()
const size = 1024 * 1024
let disk: MemoryDisk

/** The error replies of the document. */
const error = {
  unsupported: 2 ** 31 + 1,
  policy: 2 ** 31 + 2,
  invalid: 2 ** 31 + 3,
  unknown: 2 ** 31 + 6,
  tooBig: 2 ** 31 + 9,
}
const option = { name: 1, abort: 2, list: 3, startTls: 5, info: 6, go: 7, structured: 8, listMeta: 9, setMeta: 10 }
const writable = 0b1100_0110_1101
const readOnly = 0b0101_0000_0011

beforeEach(async () => {
  disk = new MemoryDisk(size)
  await nbd.serve({
    exports: memoryExports({
      disk: { disk, isReadOnly: false, preferredBlockBytes: 65_536 },
      'zweite äöü': { disk: new MemoryDisk(4096), description: 'die zweite' },
    }),
  })
})

/** Types of the replies to an option. */
const typesOf = async (client: NbdClient, number: number, data?: Uint8Array): Promise<number[]> =>
  (await client.option(number, data)).map(({ type }) => type)

describe('byte by byte as in the document', () => {
  it('greets, and answers NBD_OPT_EXPORT_NAME with the size, the flags and 124 zeros', async () => {
    const client = await nbd.greet(1)
    client.send(Buffer.from('49484156454f5054 00000001 00000004 6469736b'.replaceAll(' ', ''), 'hex'))
    expect((await client.take(134)).toString('hex')).toBe(`0000000000100000${'0c6d'.padEnd(4)}${'00'.repeat(124)}`)
    // A read of four bytes at 8.
    client.send(Buffer.from('25609513 0000 0000 0102030405060708 0000000000000008 00000004'.replaceAll(' ', ''), 'hex'))
    expect((await client.take(20)).toString('hex')).toBe('6744669800000000010203040506070800000000')
  })

  it('leaves the zeros out when the client asks for it', async () => {
    const client = await nbd.greet(3)
    client.send(optionBytes(option.name, Buffer.from('disk')))
    client.send(Buffer.from('25609513 0000 0000 0102030405060708 0000000000000008 00000004'.replaceAll(' ', ''), 'hex'))
    expect((await client.take(10)).toString('hex')).toBe('00000000001000000c6d')
    expect((await client.take(16)).toString('hex')).toBe('67446698000000000102030405060708')
  })

  it('answers NBD_OPT_GO with what was asked for', async () => {
    const client = await nbd.greet()
    client.send(
      Buffer.from('49484156454f5054 00000007 0000000c 00000004 6469736b 0001 0003'.replaceAll(' ', ''), 'hex'),
    )
    const head = '0003e889045565a9 00000007'
    const export_ = `${head} 00000003 0000000c 0000 0000000000100000 0c6d`
    const blockSize = `${head} 00000003 0000000e 0003 00000001 00010000 02000000`
    const whole = `${export_} ${blockSize} ${head} 00000001 00000000`.replaceAll(' ', '')
    expect((await client.take(whole.length / 2)).toString('hex')).toBe(whole)
  })

  it('works for a client that knows only the old newstyle, but for nothing except an export name', async () => {
    const old = await nbd.greet(0)
    old.send(optionBytes(option.name, Buffer.from('disk')))
    expect((await old.take(134)).readBigUInt64BE(0)).toBe(BigInt(size))
    const other = await nbd.greet(0)
    other.send(optionBytes(option.list))
    await other.closed
  })
})

describe('information', () => {
  it('lists the exports with their descriptions', async () => {
    const client = await nbd.greet()
    const replies = await client.option(option.list)
    expect(replies.map(({ type }) => type)).toEqual([2, 2, 1])
    expect(replies[1]!.data).toEqual(Buffer.concat([text('zweite äöü'), Buffer.from('die zweite')]))
  })

  it('tells name, description and block sizes of the export, and ignores what it does not know', async () => {
    const client = await nbd.greet()
    const replies = await client.option(option.info, infoData('', [1, 2, 3, 9999]))
    const infos = replies.slice(0, -1).map(({ data }) => [data.readUInt16BE(0), data.subarray(2)])
    expect(infos).toEqual([
      [0, Buffer.concat([u64(size), u16(writable)])],
      [1, Buffer.from('disk')],
      [2, Buffer.from('a disk in memory')],
      [3, Buffer.concat([u32(1), u32(65_536), u32(32 * 1024 * 1024)])],
    ])
    // It was only a question.
    expect(await typesOf(client, option.list)).toEqual([2, 2, 1])
  })

  it('says what can be done: with structured replies DF, and many connections only where nothing changes', async () => {
    const client = await nbd.greet()
    await client.structured()
    const [info] = await client.option(option.info, infoData('zweite äöü'))
    expect(info!.data.readUInt16BE(10)).toBe(readOnly | 0x80)
  })

  it('knows no other export, says so, and lives on', async () => {
    const client = await nbd.greet()
    const [reply] = await client.option(option.go, infoData('none'))
    expect(reply).toEqual({ type: error.unknown, data: Buffer.from('There is no export “none”.') })
    expect(await typesOf(client, option.go, infoData('disk'))).toEqual([3, 1])
    client.receive()
    expect((await client.read(0, 1)).error).toBe(0)
  })

  it('ends the connection where an export name is not known, as there is no other answer', async () => {
    const client = await nbd.greet()
    client.send(optionBytes(option.name, Buffer.from('none')))
    await client.closed
    await until(() => nbd.logged.some(line => line.includes('There is no export')))
  })

  it('opens an export once for all that is asked of it, and closes it', async () => {
    const client = await nbd.greet()
    await client.structured()
    await client.option(option.info, infoData('disk'))
    await client.option(option.setMeta, contextData('disk', ['base:allocation']))
    expect(disk.open).toBe(1)
    await client.option(option.info, infoData('zweite äöü'))
    expect(disk.open).toBe(0)
    await client.go('disk')
    expect(disk.open).toBe(1)
    await client.disconnect()
    await until(() => disk.open === 0)
  })
})

describe('metadata contexts', () => {
  const allocation = (id: number) => ({ type: 4, data: Buffer.concat([u32(id), Buffer.from('base:allocation')]) })
  const ack = { type: 1, data: Buffer.alloc(0) }

  it('are listed: all, by namespace, by name, and none that is not known', async () => {
    const client = await nbd.greet()
    await client.structured()
    const list = (...queries: string[]) => client.option(option.listMeta, contextData('disk', queries))
    expect(await list()).toEqual([allocation(0), ack])
    expect(await list('base:')).toEqual([allocation(0), ack])
    expect(await list('qemu:dirty-bitmap:x', 'base:allocation')).toEqual([allocation(0), ack])
    expect(await list('base:other')).toEqual([ack])
  })

  it('can be chosen, for the export that is then opened', async () => {
    const client = await nbd.greet()
    await client.structured()
    const set = (name: string, ...queries: string[]) => client.option(option.setMeta, contextData(name, queries))
    expect(await set('disk', 'base:')).toEqual([ack])
    expect(await set('disk', 'base:allocation')).toEqual([allocation(1), ack])
    await client.go('disk')
    expect(await client.status(0, 4096)).toEqual([[4096, 3]])
  })

  it.each([
    ['for another export', 'zweite äöü', ['base:allocation']],
    ['and dropped again', 'disk', []],
  ])('that were chosen %s count for nothing', async (_what, name, queries) => {
    const client = await nbd.greet()
    await client.structured()
    await client.option(option.setMeta, contextData('disk', ['base:allocation']))
    await client.option(option.setMeta, contextData(name, queries))
    await client.go('disk')
    expect((await client.request({ command: 7, length: 4096 })).error).toBe(22)
  })

  it('need structured replies, an export, and queries with a namespace', async () => {
    const client = await nbd.greet()
    const data = contextData('disk', ['base:allocation'])
    expect(await typesOf(client, option.setMeta, data)).toEqual([error.invalid])
    await client.structured()
    expect(await typesOf(client, option.setMeta, contextData('none', ['base:allocation']))).toEqual([error.unknown])
    expect(await typesOf(client, option.setMeta, contextData('disk', ['base']))).toEqual([error.invalid])
  })
})

describe('an option that', () => {
  it.each([
    ['has data where none belongs', option.list, Buffer.from('x')],
    ['is shorter than its name', option.go, Buffer.concat([u32(100), Buffer.from('disk')])],
    ['has a name of 4 GiB', option.go, Buffer.concat([u32(2 ** 32 - 1), Buffer.from('disk')])],
    ['has fewer infos than it says', option.info, Buffer.concat([text('disk'), u16(2), u16(1)])],
    ['has more infos than it says', option.info, Buffer.concat([text('disk'), u16(0), u16(1)])],
    ['has a name that is no UTF-8', option.go, Buffer.concat([u32(2), Buffer.from([0xc3, 0x28]), u16(0)])],
    ['has a name with NUL', option.go, infoData('di\0sk')],
    ['has a name of 4097 bytes', option.go, infoData('x'.repeat(4097))],
    ['has no name', option.go, Buffer.alloc(0)],
    ['has four billion queries', option.listMeta, Buffer.concat([text('disk'), u32(2 ** 32 - 1)])],
    ['wants structured replies and more', option.structured, Buffer.from([1])],
  ])('%s is invalid, and the connection lives', async (_what, number, data) => {
    const client = await nbd.greet()
    expect(await typesOf(client, number, data)).toEqual([error.invalid])
    await client.go('disk')
  })

  it.each([
    ['is not known', 77, error.unsupported],
    ['asks for extended headers', 11, error.unsupported],
    ['asks for TLS where there is no certificate', option.startTls, error.unsupported],
    ['was given up', 4, error.unsupported],
  ])('%s is refused, and the connection lives', async (_what, number, type) => {
    const client = await nbd.greet()
    expect(await typesOf(client, number, number === 77 ? Buffer.from('data') : undefined)).toEqual([type])
    await client.go('disk')
  })

  it('is too large is skipped, up to a megabyte', async () => {
    const client = await nbd.greet()
    expect(await typesOf(client, option.info, Buffer.alloc(1024 * 1024))).toEqual([error.tooBig])
    expect(await typesOf(client, option.list)).toEqual([2, 2, 1])
    client.send(optionBytes(option.info, Buffer.alloc(0), 2 ** 32 - 1))
    await client.closed
  })

  it('aborts is acknowledged before the end', async () => {
    const client = await nbd.greet()
    expect(await typesOf(client, option.abort)).toEqual([1])
    await client.closed
  })
})

it('a client with flags that nobody knows is cut', async () => {
  const client = await nbd.greet(4)
  await client.closed
})

describe('exports that cannot be had', () => {
  async function refusal(failing: Partial<ExportList>): Promise<string> {
    await nbd.listener.close()
    await nbd.serve({ exports: { ...memoryExports({}), ...failing } })
    const client = await nbd.greet()
    const [reply] = await client.option(
      failing.list ? option.list : option.go,
      failing.list ? undefined : infoData('a'),
    )
    expect(reply!.type).toBe(failing.list ? error.policy : error.unknown)
    expect((await client.option(option.abort)).length).toBe(1)
    return reply!.data.toString()
  }

  it('are refused with the words for people', async () => {
    const gone = new HoldfastError('storage.driveNotConnected', 'The drive is gone.')
    expect(await refusal({ open: () => Promise.reject(gone) })).toBe('The drive is gone.')
    expect(await refusal({ list: () => Promise.reject(gone) })).toBe('The drive is gone.')
  })

  it('are refused without what is not for strangers', async () => {
    expect(await refusal({ open: () => Promise.reject(new Error('at /root/secret.ts:3')) })).toBe(
      'The server has failed.',
    )
    expect(nbd.logged.join()).toContain('/root/secret.ts')
  })
})

it('a list stays bounded', async () => {
  await nbd.listener.close()
  const many = Array.from({ length: 5000 }, (_, i) => ({ name: `v${i}`, description: '' }))
  await nbd.serve({ exports: { list: async () => many, open: async () => undefined } })
  const client = await nbd.greet()
  expect((await client.option(option.list)).length).toBe(1001)
})

it('a negotiation that never ends is ended', async () => {
  await nbd.listener.close()
  await nbd.serve({ exports: memoryExports({ disk: { disk } }), limits: { options: 20 } })
  const client = await nbd.greet()
  for (let i = 0; i < 20; i++) await client.option(option.list)
  await client.closed
})
