import { HoldfastError } from '../../contract/errors.ts'
import type { AccessLevel } from '../../contract/rpcContract.ts'

/**
 * What may be asked of the helper, and how polkit calls it. packaging/polkit/org.holdfast.policy declares exactly these
 * actions; a test compares the two.
 */

/** Few actions, by what is touched; an erase is told apart by what is lost, as udisks does with disks. */
export const accessActions = [
  'read',
  'operate',
  'configure',
  'browse',
  'erase-removable',
  'erase-internal',
  'delete-version',
] as const
export type AccessAction = (typeof accessActions)[number]

/** Begins the id of every polkit action of ours. */
export const actionPrefix = 'org.holdfast'

/** The action's name for polkit: org.holdfast.read and so on. */
export const actionId = (action: AccessAction): string => `${actionPrefix}.${action}`

/** The level that an action belongs to. */
export function levelOf(action: AccessAction): AccessLevel {
  return action === 'erase-removable' || action === 'erase-internal' || action === 'delete-version' ? 'erase' : action
}

/** What an erase destroys. Only a disk that is certainly external counts as removable. */
export type ErasedThing = { kind: 'disk'; removable: boolean } | { kind: 'version' }

/** The action that an erase needs. */
export function eraseAction(thing: ErasedThing): AccessAction {
  if (thing.kind === 'version') return 'delete-version'
  return thing.removable ? 'erase-removable' : 'erase-internal'
}

/** Facts about one request, for the prompt and for administrators' rules: `device`, `serial`, `version` … */
export type AccessDetails = Readonly<Record<string, string>>

/** What the prompts of the policy file name; without these, a person would be asked to agree to something unsaid. */
export const requiredDetails: Readonly<Record<AccessAction, readonly string[]>> = {
  read: [],
  operate: [],
  configure: [],
  browse: ['version'],
  'erase-removable': ['device', 'serial', 'version'],
  'erase-internal': ['device', 'serial', 'version'],
  'delete-version': ['version'],
}

/** No dot: polkit keeps names such as polkit.message, which replaces the text of the prompt, for itself. */
const detailName = /^[a-z][a-z0-9_]{0,31}$/
const longestDetail = 200

/**
 * Makes details fit for a prompt: drives and versions name themselves, so their text may hold line breaks, control and
 * bidirectional characters that would forge other words. Such characters become a space, long texts are cut.
 *
 * Fails with internal.bug when a detail that the prompt names is missing or a name cannot be one.
 */
export function cleanDetails(action: AccessAction, details: AccessDetails): Record<string, string> {
  const clean: Record<string, string> = {}
  for (const [name, value] of Object.entries(details)) {
    if (!detailName.test(name)) throw new HoldfastError('internal.bug', `${JSON.stringify(name)} cannot name a detail.`)
    clean[name] = cleanText(value)
  }
  for (const name of requiredDetails[action]) {
    if (!clean[name])
      throw new HoldfastError('internal.bug', `A request for ${actionId(action)} does not say its ${name}.`)
  }
  return clean
}

/** Characters that are not seen but change what is seen (general categories Cc, Cf, Cs, Zl, Zp). */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu

function cleanText(text: string): string {
  const seen = text.replace(unseen, ' ').trim()
  const characters = [...seen]
  return characters.length <= longestDetail ? seen : `${characters.slice(0, longestDetail - 1).join('')}…`
}
