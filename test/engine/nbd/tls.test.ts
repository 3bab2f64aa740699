import { createSecureContext } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { localhostCertificate, localhostKey } from '../../support/localhostCertificate.ts'
import { MemoryDisk, memoryExports } from '../../support/memoryExport.ts'
import { contextData, infoData, optionBytes } from '../../support/nbdClient.ts'
import { until, useNbdServer } from '../../support/nbdServer.ts'

const nbd = useNbdServer()
const context = createSecureContext({ cert: localhostCertificate, key: localhostKey })
const [tlsRequired, invalid] = [2 ** 31 + 5, 2 ** 31 + 3]

async function serve(isRequired: boolean): Promise<MemoryDisk> {
  const disk = new MemoryDisk(8 * 1024 * 1024)
  await nbd.serve({
    exports: memoryExports({ disk: { disk, isReadOnly: false } }),
    tls: { context, isRequired },
    limits: { negotiationMs: 20_000 },
  })
  return disk
}

describe('where TLS is required', () => {
  it('nothing is said without it', async () => {
    await serve(true)
    const client = await nbd.greet()
    for (const [option, data] of [
      [3, Buffer.alloc(0)],
      [6, infoData('disk')],
      [7, infoData('disk')],
      [8, Buffer.alloc(0)],
      [99, Buffer.alloc(0)],
    ] as const) {
      expect((await client.option(option, data)).map(({ type }) => type)).toEqual([tlsRequired])
    }
    client.send(optionBytes(1, Buffer.from('disk')))
    await client.closed
    const other = await nbd.greet()
    expect((await other.option(2)).map(({ type }) => type)).toEqual([1])
  })

  it('everything goes with it', async () => {
    const disk = await serve(true)
    const client = await nbd.greet()
    await client.startTls(localhostCertificate)
    expect((await client.option(5)).map(({ type }) => type)).toEqual([invalid])
    await client.structured()
    await client.go('disk')
    const bytes = Buffer.alloc(5 * 1024 * 1024, 'over TLS ')
    expect((await client.write(3, bytes, 1)).error).toBe(0)
    expect((await client.read(3, bytes.length)).data.equals(bytes)).toBe(true)
    expect(disk.unflushed).toBe(0)
    await client.disconnect()
    await until(() => disk.open === 0)
  })
})

it('where it is offered, one may do without', async () => {
  await serve(false)
  const [plain, secret] = [await nbd.greet(), await nbd.greet()]
  await plain.go('disk')
  await secret.startTls(localhostCertificate)
  await secret.go('disk')
  expect((await plain.read(0, 10)).error).toBe(0)
  expect((await secret.read(0, 10)).error).toBe(0)
})

it('what was agreed on before it counts for nothing', async () => {
  const disk = await serve(false)
  const client = await nbd.greet()
  await client.structured()
  await client.option(10, contextData('disk', ['base:allocation']))
  expect(disk.open).toBe(1)
  await client.startTls(localhostCertificate)
  await until(() => disk.open === 0)
  client.isStructured = false
  await client.go('disk')
  expect((await client.request({ command: 7, length: 4096 })).error).toBe(22)
  expect((await client.read(0, 10)).isStructured).toBe(false)
})

it('what somebody slips in before it ends the connection', async () => {
  await serve(false)
  const client = await nbd.greet()
  client.send(Buffer.concat([optionBytes(5), optionBytes(3)]))
  await client.closed
  await until(() => nbd.logged.some(line => line.includes('TLS')))
})

it('what is no TLS ends the connection', async () => {
  await serve(true)
  const client = await nbd.greet()
  await client.option(5)
  client.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  await client.closed
})

it('what is no TLS in the middle of it ends the connection', async () => {
  await serve(true)
  const client = await nbd.greet()
  const { socket } = client
  await client.startTls(localhostCertificate)
  await client.go('disk')
  socket.write(Buffer.from('this is not encrypted'))
  await client.closed
})
