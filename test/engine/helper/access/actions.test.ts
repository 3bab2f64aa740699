import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { accessLevels } from '../../../../engine/contract/rpcContract.ts'
import {
  accessActions,
  actionId,
  cleanDetails,
  eraseAction,
  levelOf,
  requiredDetails,
} from '../../../../engine/helper/access/actions.ts'

const policyPath = join(import.meta.dirname, '../../../../packaging/polkit/org.holdfast.policy')

describe('actions', () => {
  it('belong to a level each, and every level has one', () => {
    expect(new Set(accessActions.map(levelOf))).toEqual(new Set(accessLevels))
  })

  it('tell erases apart by what is lost', () => {
    expect(eraseAction({ kind: 'version' })).toBe('delete-version')
    expect(eraseAction({ kind: 'disk', removable: true })).toBe('erase-removable')
    expect(eraseAction({ kind: 'disk', removable: false })).toBe('erase-internal')
  })
})

describe('details of a request', () => {
  const disk = { device: 'Samsung T7', serial: 'S5', version: 'v-1' }

  it('pass when they say what the prompt names', () => {
    expect(cleanDetails('erase-removable', disk)).toEqual(disk)
    expect(cleanDetails('read', {})).toEqual({})
  })

  it.each(accessActions.flatMap(action => requiredDetails[action].map(name => [action, name] as const)))(
    'for %s must say the %s',
    (action, name) => {
      expect(() => cleanDetails(action, { ...disk, [name]: '' })).toThrow(`does not say its ${name}`)
      expect(() => cleanDetails(action, { ...disk, [name]: '\u202e\n' })).toThrow(`does not say its ${name}`)
    },
  )

  it.each(['polkit.message', 'polkit.gettext_domain', '--detail', 'Device', ''])('cannot be called %j', name => {
    expect(() => cleanDetails('read', { [name]: 'x' })).toThrow('cannot name a detail')
  })

  it('lose what would forge other words in a prompt', () => {
    const serial = 'A\u0007B\r\nC\u202eD\u2028E\ud800F\u009bG\u200bH'
    expect(cleanDetails('erase-removable', { ...disk, serial }).serial).toBe('A B C D E F G H')
    expect(cleanDetails('configure', { device: 'ö '.repeat(500) }).device).toMatch(/^(ö ){99}ö…$/)
  })
})

describe('the polkit policy', () => {
  /** Table of section 5: for others, for inactive and for active sessions. */
  const defaults: Record<string, [string, string, string]> = {
    read: ['auth_admin', 'auth_admin', 'yes'],
    operate: ['auth_admin', 'auth_admin', 'yes'],
    configure: ['auth_admin', 'auth_admin', 'auth_admin_keep'],
    browse: ['auth_admin', 'auth_admin', 'auth_admin_keep'],
    'erase-removable': ['no', 'no', 'auth_admin'],
    'erase-internal': ['no', 'no', 'auth_admin'],
    'delete-version': ['auth_admin', 'auth_admin', 'auth_admin'],
  }
  const readActions = async () => {
    const text = (await readFile(policyPath, 'utf8')).replace(/<!--.*?-->/gs, '')
    const actions = [...text.matchAll(/<action id="([^"]+)">(.*?)<\/action>/gs)]
    const field = (body: string, name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(body)?.[1] ?? ''
    return actions.map(([, id = '', body = '']) => ({
      id,
      message: field(body, 'message'),
      allows: ['allow_any', 'allow_inactive', 'allow_active'].map(name => field(body, name)),
    }))
  }

  it('declares exactly the actions that are asked for, with the defaults that were decided', async () => {
    const declared = await readActions()
    expect(declared.map(({ id, allows }) => [id, allows])).toEqual(
      accessActions.map(action => [actionId(action), defaults[action]]),
    )
  })

  it('names in its prompts the details that are required, and no others', async () => {
    for (const [index, { message }] of (await readActions()).entries()) {
      const named = [...message.matchAll(/\$\((\w+)\)/g)].map(match => match[1]!)
      expect(named.sort()).toEqual([...requiredDetails[accessActions[index]!]].sort())
    }
  })
})
