import { describe, expect, it } from 'vitest'
import { type AccessAction, accessActions } from '../../../../engine/helper/access/actions.ts'
import { localAuthoriser, onlyUser, rootOnlyAuthoriser } from '../../../../engine/helper/access/localPolicy.ts'
import { alice, fakeProcesses, root, twoProcesses } from '../../../support/fakeProcesses.ts'

const processFacts = fakeProcesses(twoProcesses())
const details = { device: 'd', serial: 's', version: 'v' }
const reused = fakeProcesses(new Map([[50, { startTicks: '701', uids: [1000] }]]))

/** The actions that pass. */
const allowed = async (authoriser: ReturnType<typeof localAuthoriser>, peer: typeof alice) => {
  const passed: AccessAction[] = []
  for (const action of accessActions) {
    await authoriser.authorise(peer, action, details, true).then(
      () => void passed.push(action),
      () => undefined,
    )
  }
  return passed
}

describe('a local policy', () => {
  it('gives a user the levels on its list, and root everything', async () => {
    const authoriser = localAuthoriser(new Map([[1000, ['read', 'erase'] as const]]), { processFacts })
    expect(await allowed(authoriser, alice)).toEqual(['read', 'erase-removable', 'erase-internal', 'delete-version'])
    expect(await allowed(authoriser, root)).toEqual(accessActions)
  })

  it('of one user lets that one do everything and others nothing', async () => {
    expect(await allowed(localAuthoriser(onlyUser(1000), { processFacts }), alice)).toEqual(accessActions)
    expect(await allowed(localAuthoriser(onlyUser(1001), { processFacts }), alice)).toEqual([])
  })

  it('says who is refused and what to do', async () => {
    const authoriser = localAuthoriser(new Map(), { processFacts, advice: 'Ask Carol.' })
    await expect(authoriser.authorise(alice, 'browse', details, true)).rejects.toMatchObject({
      code: 'access.denied',
      message: 'Not allowed to look into a backup: the user with the number 1000 is not on the list of this service.',
      advice: 'Ask Carol.',
      details: { action: 'browse', level: 'browse', reason: 'policy' },
    })
  })

  it('refuses a reused process number even to a user on the list', async () => {
    const authoriser = localAuthoriser(onlyUser(1000), { processFacts: reused })
    await expect(authoriser.authorise(alice, 'read', {}, false)).rejects.toMatchObject({
      details: { reason: 'peerChanged' },
    })
  })
})

describe('without polkit', () => {
  it('root passes and nobody else, who is told what to install', async () => {
    const authoriser = rootOnlyAuthoriser({ processFacts })
    expect(await allowed(authoriser, root)).toEqual(accessActions)
    expect(await allowed(authoriser, alice)).toEqual([])
    await expect(authoriser.authorise(alice, 'read', {}, true)).rejects.toMatchObject({
      advice: expect.stringMatching(/polkitd.*sudo/),
      details: { reason: 'unavailable' },
    })
  })
})
