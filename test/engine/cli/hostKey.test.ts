import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { Engine, RepositoryOptions, Session } from '../../../engine/engineApi.ts'
import { keyboard, runInProcess } from '../../support/cliWorld.ts'

const fingerprint = 'SHA256:uNiVztksCsDhcc0u9e8BrrJXVJDQxNqcHFE4wXoYQGc'

/** An engine whose repository is on a server that is new here; it notes what it was told of the server's key. */
function newServer() {
  const told: RepositoryOptions['acceptHostKey'][] = []
  const engine: Partial<Engine> = {
    async open(url, _secret, options) {
      told.push(options?.acceptHostKey)
      if (options?.acceptHostKey !== fingerprint) {
        const details = { host: 'nas.local', fingerprint }
        throw new HoldfastError('storage.hostKeyUnknown', `The key of nas.local is ${fingerprint}.`, { details })
      }
      return {
        url,
        repositoryId: '0'.repeat(32),
        close: async () => {},
        versions: async () => [],
      } as Partial<Session> as Session
    },
  }
  return { told, engine }
}

describe('a server that is new here', () => {
  it('is asked about once at a terminal, and trusted when the answer is yes', async () => {
    for (const [answer, isTrusted, told] of [
      ['y', true, [undefined, fingerprint]],
      ['YES', true, [undefined, fingerprint]],
      ['n', false, [undefined]],
      ['', false, [undefined]],
    ] as const) {
      const server = newServer()
      const stdin = keyboard()
      stdin.type(`${answer}\r`)
      const result = await runInProcess(['versions'], { engine: server.engine, terminal: { columns: 100 }, stdin })
      expect(result.stderr).toContain(`The key of nas.local is ${fingerprint}. Trust it? [y/N] `)
      expect([answer, result.code === 0, server.told]).toEqual([answer, isTrusted, told])
    }
  })

  it('is an error without a terminal, until its fingerprint is given', async () => {
    const server = newServer()
    expect((await runInProcess(['versions'], { engine: server.engine })).code).not.toBe(0)
    expect((await runInProcess(['versions', '--accept-host-key', fingerprint], { engine: server.engine })).code).toBe(0)
    expect(server.told).toEqual([undefined, fingerprint])
  })

  it('is not asked about when another fingerprint was given', async () => {
    const server = newServer()
    const options = { engine: server.engine, terminal: { columns: 100 } }
    const result = await runInProcess(['versions', '--accept-host-key', 'SHA256:other'], options)
    expect(result.code).not.toBe(0)
    expect(result.stderr).not.toContain('Trust it?')
    expect(server.told).toEqual(['SHA256:other'])
  })
})
