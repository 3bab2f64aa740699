import type { DamageAbout } from '../contract/jobs.ts'
import type { ScrubDamage } from '../contract/models.ts'

/** What a finding is about, told by the name of its object. Pure. */
export function damageAbout({ object, block }: Pick<ScrubDamage, 'object' | 'block'>): DamageAbout {
  if (object === null) return { kind: 'lost', object }
  const [folder] = object.replace(/^copies\//, '').split('/')
  if (folder === 'packs') return { kind: block === null ? 'pack' : 'block', object }
  if (folder === 'index') return { kind: 'index', object }
  return { kind: folder === 'versions' ? 'record' : 'small', object }
}
