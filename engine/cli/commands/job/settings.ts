import { resolve } from 'node:path'
import { HoldfastError } from '../../../contract/errors.ts'
import type { HelperContract } from '../../../contract/helperContract.ts'
import { type HookMoment, hookMoments, type Priority, priorities } from '../../../contract/jobs.ts'
import type { CallInput, RpcClient } from '../../../contract/rpcContract.ts'
import type { QuietHours } from '../../../contract/schedule.ts'
import { parseQuietHours, parseSchedule } from '../../../contract/scheduleText.ts'
import { defaultVersionName } from '../../../versions/naming.ts'
import { parseSize } from '../../values.ts'

export interface SettingsOptions {
  name?: string
  source?: string[]
  to?: string[]
  schedule?: string
  keep?: string
  label?: string[]
  quietHours?: string[]
  onBattery?: string
  metered?: string
  priority?: string
  hook?: string[]
  snapshots?: string
  snapshotSize?: string
  whileInUse?: string
}

type Changes = CallInput<HelperContract, 'jobs.edit'>['changes']

/** The settings that were given on the command line. Sources are looked up in the helper's inventory, or offered as files. */
export async function settingsFrom(client: RpcClient<HelperContract>, options: SettingsOptions): Promise<Changes> {
  const { name, source, to, schedule, keep, label, hook } = options
  const conditions = conditionsFrom(options)
  return {
    ...(name !== undefined && { name }),
    ...(source && { sources: await sourcesFrom(client, source) }),
    ...(to && { destinations: await destinationsFrom(client, to) }),
    ...(schedule !== undefined && { schedule: schedule === 'none' ? null : parseSchedule(schedule) }),
    ...(keep !== undefined && { retention: keep === 'all' ? null : keep }),
    ...(label && { labels: Object.fromEntries(label.map(text => pair(text, '--label'))) }),
    ...(options.priority !== undefined && { priority: priorityFrom(options.priority) }),
    ...(hook && { hooks: Object.fromEntries(hook.map(hookFrom)) }),
    ...(conditions && { conditions }),
    ...snapshotFrom(options),
  }
}

function snapshotFrom({
  snapshots,
  snapshotSize,
  whileInUse,
}: SettingsOptions): Pick<Changes, 'snapshot' | 'whileInUse'> {
  const keep = snapshots === undefined ? undefined : oneOf(snapshots, ['keep', 'remove'], '--snapshots') === 'keep'
  const roomBytes = snapshotSize === undefined ? undefined : roomFrom(snapshotSize)
  const isGiven = keep !== undefined || roomBytes !== undefined
  return {
    ...(isGiven && {
      snapshot: { ...(keep !== undefined && { keep }), ...(roomBytes !== undefined && { roomBytes }) },
    }),
    ...(whileInUse !== undefined && { whileInUse: oneOf(whileInUse, ['refuse', 'read'], '--while-in-use') === 'read' }),
  }
}

const roomFrom = (text: string) => (text === 'auto' ? null : parseSize(text, '--snapshot-size'))

function conditionsFrom({ quietHours, onBattery, metered }: SettingsOptions): Changes['conditions'] {
  if (quietHours === undefined && onBattery === undefined && metered === undefined) return undefined
  return {
    ...(quietHours !== undefined && { quietHours: quietHoursFrom(quietHours) }),
    ...(onBattery !== undefined && { onBattery: oneOf(onBattery, waitOrRun, '--on-battery') }),
    ...(metered !== undefined && { metered: oneOf(metered, waitOrRun, '--metered') }),
  }
}

function quietHoursFrom(texts: readonly string[]): QuietHours[] {
  if (!texts.includes('none')) return texts.map(parseQuietHours)
  if (texts.length === 1) return []
  throw new HoldfastError('usage.invalid', '“none” lifts all quiet hours and cannot be joined with others.', {
    advice: 'Give --quiet-hours none alone, or leave it out.',
  })
}

async function sourcesFrom(client: RpcClient<HelperContract>, texts: readonly string[]) {
  const { devices } = await client.call('sources.list', {})
  return await Promise.all(
    texts.map(async text => {
      // A path may hold a "=" of its own; a name cannot hold a "/" at its beginning.
      const [, path, given] = /^(.*?)(?:=([^=/][^=]*))?$/.exec(text)!
      const whole = resolve(path!)
      const device = devices.find(one => one.path === whole)
      const id = device ? device.id : (await client.call('sources.offerFile', { path: whole })).source
      return { source: id, name: given ?? defaultVersionName(whole) }
    }),
  )
}

async function destinationsFrom(client: RpcClient<HelperContract>, names: readonly string[]): Promise<string[]> {
  const { destinations } = await client.call('destinations.list', {})
  return names.map(name => {
    const found = destinations.find(({ destination }) => destination.name === name || destination.id === name)
    if (found) return found.destination.id
    const known = destinations.map(({ destination }) => `“${destination.name}”`).join(', ')
    throw new HoldfastError('config.notFound', `There is no destination “${name}”.`, {
      advice:
        known === ''
          ? 'Add one first: holdfast job destination --name NAME --repo PLACE'
          : `Choose one of ${known}, or add one with "holdfast job destination".`,
      details: { name },
    })
  })
}

function hookFrom(text: string): [HookMoment, string] {
  const [moment, name] = pair(text, '--hook')
  if ((hookMoments as readonly string[]).includes(moment)) return [moment as HookMoment, name]
  throw new HoldfastError('usage.invalid', `“${moment}” is no moment for a hook.`, {
    advice: `Choose one of ${hookMoments.join(', ')}.`,
    details: { text },
  })
}

function pair(text: string, option: string): [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new HoldfastError('usage.invalid', `“${text}” (${option}) has no “=” in it.`, { advice: 'Write KEY=VALUE.' })
}

function priorityFrom(text: string): Priority {
  if ((priorities as readonly string[]).includes(text)) return text as Priority
  throw new HoldfastError('usage.invalid', `“${text}” (--priority) is neither “normal” nor “low”.`, {
    advice: 'Write one of the two.',
  })
}

const waitOrRun = ['wait', 'run'] as const

function oneOf<const Word extends string>(text: string, words: readonly [Word, Word], option: string): Word {
  const found = words.find(word => word === text)
  if (found !== undefined) return found
  throw new HoldfastError('usage.invalid', `“${text}” (${option}) is neither “${words[0]}” nor “${words[1]}”.`, {
    advice: 'Write one of the two.',
  })
}
