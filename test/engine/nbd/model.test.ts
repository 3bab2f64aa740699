import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MemoryDisk, memoryExports } from '../../support/memoryExport.ts'
import { useNbdServer } from '../../support/nbdServer.ts'

const nbd = useNbdServer()
const size = 3 * 1024 * 1024 + 17

const range = fc
  .tuple(
    fc.oneof(
      fc.nat(size),
      fc.nat(Math.floor(size / 4096)).map(n => n * 4096),
    ),
    fc.oneof(fc.nat(10_000), fc.nat(size)),
  )
  .map(([offset, length]) => ({
    offset: Math.min(offset, size),
    length: Math.min(length, size - Math.min(offset, size)),
  }))

const operation = fc.oneof(
  fc.record({ kind: fc.constant('read' as const), range, flags: fc.constantFrom(0, 4) }),
  fc.record({
    kind: fc.constant('write' as const),
    range,
    fill: fc.integer({ min: 1, max: 255 }),
    flags: fc.constantFrom(0, 1),
  }),
  fc.record({ kind: fc.constant('zero' as const), range, flags: fc.constantFrom(0, 1, 2, 16, 19) }),
  fc.record({ kind: fc.constant('trim' as const), range, flags: fc.constantFrom(0, 1) }),
  fc.record({ kind: fc.constant('status' as const), range, flags: fc.constantFrom(0, 8) }),
  fc.record({ kind: fc.constant('flush' as const) }),
)

it.each([true, false])(
  'whatever is done in whatever order, a disk is what was written (structured: %s)',
  async structured => {
    const disk = new MemoryDisk(size)
    // Some things take longer than others.
    disk.before = (_what, offset) => (offset % 3 === 0 ? new Promise(resolve => setImmediate(resolve)) : undefined)
    await nbd.serve({ exports: memoryExports({ disk: { disk, isReadOnly: false } }) })
    const client = await nbd.attach('disk', { structured })
    const model = Buffer.alloc(size)
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async operations => {
        for (const op of operations) {
          if (op.kind === 'flush') {
            expect((await client.flush()).error).toBe(0)
            expect(disk.unflushed).toBe(0)
            continue
          }
          const { offset, length } = op.range
          const part = model.subarray(offset, offset + length)
          if (op.kind === 'read') {
            const half = Math.floor(length / 2)
            const flags = structured ? op.flags : 0
            const [first, second] = await Promise.all([
              client.read(offset, half, flags),
              client.read(offset + half, length - half, flags),
            ])
            expect(Buffer.concat([first.data, second.data]).equals(part)).toBe(true)
          } else if (op.kind === 'write') {
            const bytes = Buffer.alloc(length, op.fill)
            bytes.copy(model, offset)
            expect((await client.write(offset, bytes, op.flags)).error).toBe(0)
          } else if (op.kind === 'zero' || op.kind === 'trim') {
            part.fill(0)
            const command = op.kind === 'zero' ? 6 : 4
            expect((await client.request({ command, offset, length, flags: op.flags })).error).toBe(0)
          } else if (structured && length > 0) {
            const extents = await client.status(offset, length, op.flags)
            if (op.flags === 8) expect(extents).toHaveLength(1)
            let at = offset
            for (const [bytes, flags] of extents) {
              if (flags === 3) expect(model.subarray(at, at + bytes).every(byte => byte === 0)).toBe(true)
              at += bytes
            }
            expect(at).toBeGreaterThan(offset)
            expect(at).toBeLessThanOrEqual(offset + length)
          }
        }
      }),
      { numRuns: 40 },
    )
    const whole = await client.read(0, size)
    expect(whole.data.equals(model)).toBe(true)
  },
)
