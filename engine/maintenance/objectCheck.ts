import type { ScrubDamage } from '../contract/models.ts'
import { macFits, parseConfig } from '../repository/config.ts'
import { names, type SealedKind, sealedKind } from '../repository/format.ts'
import { decodeSegment } from '../repository/indexSegment.ts'
import { parseSlot } from '../repository/keySlots.ts'
import { parseMark } from '../repository/marks.ts'
import type { Repository } from '../repository/repository.ts'
import { openObject } from '../repository/sealedObject.ts'
import { parseVersionRecord } from '../repository/versionRecord.ts'

/** An object (or one copy of it) that is not as it should be. */
export interface ObjectFault {
  /** The damaged or missing object. */
  name: string
  /** The record that it is a copy of. */
  record: string
  fault: 'missing' | 'altered'
  /** A sound copy's bytes, to heal it with; undefined when there is none. */
  sound: Uint8Array | undefined
}

/** Others write and remove records at any time, one copy after the other: what is missing is looked for again after this. */
const lookAgainMs = 500
const looks = 3

/**
 * Holds both copies of config, key slots, version records and marks against each other and against their seals. What another
 * process is just writing or removing is no fault.
 */
export async function checkRecords(repository: Repository, signal?: AbortSignal): Promise<ObjectFault[]> {
  const { records, keyring, storage } = repository
  const faults: ObjectFault[] = []
  const sealedBy =
    (kind: SealedKind, parse: (plain: Uint8Array) => unknown) => (name: string) => (bytes: Uint8Array) => {
      const plain = openObject(keyring.object, kind, name, bytes)
      return plain && parse(plain) !== undefined ? true : undefined
    }
  const config = () => (bytes: Uint8Array) =>
    macFits(bytes, keyring.config) && parseConfig(bytes, storage.url)?.repositoryId === repository.id ? true : undefined
  const key = (name: string) => (bytes: Uint8Array) => {
    const slot = parseSlot(bytes)
    return slot && names.key(slot.id) === name && macFits(bytes, keyring.config) ? true : undefined
  }
  const check = async (name: string, parse: (bytes: Uint8Array) => true | undefined, isLastLook: boolean) => {
    const read = await records.read(name, parse, { both: true, ...(signal ? { signal } : {}) })
    // Removed since it was listed: nothing to check.
    if (read.state === 'missing') return true
    if (!isLastLook && read.faults.some(({ fault }) => fault === 'missing')) return false
    const sound = read.state === 'ok' ? read.bytes : undefined
    for (const { name: object, fault } of read.faults) faults.push({ name: object, record: name, fault, sound })
    return true
  }
  let doubtful: [name: string, parse: (bytes: Uint8Array) => true | undefined][] = [[names.config, config()]]
  const folders = [
    ['keys', key],
    ['versions', sealedBy(sealedKind.version, parseVersionRecord)],
    ['marks', sealedBy(sealedKind.mark, parseMark)],
  ] as const
  for (const [folder, parser] of folders) {
    for (const name of await records.list(folder, signal)) doubtful.push([name, parser(name)])
  }
  for (let look = 1; look <= looks; look++) {
    const again: typeof doubtful = []
    for (const [name, parse] of doubtful) if (!(await check(name, parse, look === looks))) again.push([name, parse])
    doubtful = again
    if (doubtful.length === 0) break
    await repository.clock.sleep(lookAgainMs, signal)
  }
  return faults
}

/** Index segments that do not open, read afresh from the storage. */
export async function checkSegments(repository: Repository, signal?: AbortSignal): Promise<string[]> {
  const bad: string[] = []
  for await (const { name } of repository.storage.list('index', signal)) {
    const bytes = await repository.storage.get(name, undefined, signal)
    const plain = openObject(repository.keyring.object, sealedKind.indexSegment, name, bytes)
    if (!plain || !decodeSegment(plain)) bad.push(name)
  }
  return bad
}

/** The finding for a damaged record, in words. */
export function describeFault(fault: ObjectFault): ScrubDamage {
  const what = fault.name.startsWith(names.copy('')) ? 'The second copy of' : 'The first copy of'
  const state = fault.fault === 'missing' ? 'is missing' : 'was altered'
  const rest = fault.sound
    ? 'the other copy is sound; the next backup, or "holdfast repair", writes it again'
    : 'no sound copy is left'
  const version = /^versions\/([0-9a-f]{16})$/.exec(fault.record)?.[1]
  return {
    object: fault.name,
    block: null,
    pack: null,
    reason: `${what} ${wordsFor(fault.record)} ${state}; ${rest}.`,
    versions: version && !fault.sound ? [version as ScrubDamage['versions'][number]] : [],
  }
}

function wordsFor(record: string): string {
  const [folder, id] = record.split('/')
  switch (folder) {
    case 'config':
      return 'the config'
    case 'keys':
      return `key slot ${id}`
    case 'versions':
      return `the record of version ${id}`
    default:
      return `mark ${id}`
  }
}
