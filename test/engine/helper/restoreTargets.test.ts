import { describe, expect, it } from 'vitest'
import type { DestinationState } from '../../../engine/contract/drives.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { restoreHandlers } from '../../../engine/helper/handlers/restores.ts'
import type { Helper } from '../../../engine/helper/helper.ts'

describe('restores.targets', () => {
  it.each<DestinationState>([
    { state: 'present-unmounted', devices: ['a'.repeat(32)] },
    { state: 'missing', lastSeenAt: null },
  ])('mounts no drive to learn of a version that is not remembered ($state)', async state => {
    const asked: string[] = []
    const helper = {
      destinations: { resolve: () => ({ id: 'd', name: 'Blue' }) },
      library: { find: () => undefined },
      desk: {
        look: async () => state,
        connect: async () => void asked.push('connect'),
        notConnected: () => new HoldfastError('storage.driveNotConnected', 'It is not mounted.'),
      },
    } as unknown as Helper
    const call = restoreHandlers(helper)['restores.targets']
    const context = { signal: new AbortController().signal } as Parameters<typeof call>[1]
    await expect(call({ destination: 'd', version: '1'.repeat(16) as never }, context)).rejects.toMatchObject({
      code: 'storage.driveNotConnected',
    })
    expect(asked).toEqual([])
  })
})
