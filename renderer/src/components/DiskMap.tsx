import { type ReactNode, useId, useState } from 'react'
import type { DriveDevice, DriveInventory, VolumeGroup } from '../../../engine/contract/drives.ts'
import type { Say } from '../i18n/language.ts'
import { useSpeech } from '../i18n/useSpeech.ts'
import {
  type DiskArea,
  type DiskDrawing,
  deviceTitle,
  drawDisks,
  isContainer,
  isSwap,
  leavesOf,
} from '../state/diskTree.ts'
import type { Protection } from '../theme/tokens.ts'
import { protectionIcons, StateBadge } from './StateBadge.tsx'

export interface DiskMapProps {
  inventory: DriveInventory
  /** How a device is protected; asked for everything that is drawn. */
  protectionOf(device: DriveDevice): Protection
  /** Used bytes of the file system of a device, where known. */
  usedOf?(device: DriveDevice): number | undefined
  /** Stands at the head of a disk: a box to choose it by, say. */
  head?(disk: DriveDevice): ReactNode
  /** Words instead of those for the protection, such as "chosen". */
  wordOf?(device: DriveDevice): string
  /** How it is backed up, in a few words for the picture and in some more for the table; null when it is not. */
  howOf?(device: DriveDevice): { text: string; details: string } | null
  /** When and how its last version was made. */
  lastOf?(device: DriveDevice): string | null
}

/** Disks drawn to scale, as they are divided, with how each part is protected; and the same as a table. */
export function DiskMap(props: DiskMapProps) {
  const { t } = useSpeech()
  const [isTable, setIsTable] = useState(false)
  const drawings = drawDisks(props.inventory)
  const id = useId()
  if (drawings.length === 0) return <p className="hf-quiet">{t('map.noDisks')}</p>
  return (
    <div className="hf-map" id={id}>
      {isTable ? (
        // It may be wider than the window, and then has to be scrolled by keys, too.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
        <section className="hf-scroll" tabIndex={0} aria-label={t('map.table')}>
          <DiskTable {...props} />
        </section>
      ) : (
        drawings.map(({ disk, areas }) => (
          <div key={disk.id} className="hf-map-disk">
            <DiskHead disk={disk} {...props} />
            {/* The table says the same to those who cannot see this. */}
            <div className="hf-map-bar" aria-hidden="true">
              {areas.length === 0 ? (
                <Area
                  area={{ device: disk, node: null, sizeBytes: disk.sizeBytes, inside: [] }}
                  of={disk.sizeBytes}
                  {...props}
                />
              ) : (
                areas.map((area, i) => <Area key={area.device?.id ?? i} area={area} of={disk.sizeBytes} {...props} />)
              )}
            </div>
          </div>
        ))
      )}
      {!isTable && (
        <div className="hf-hidden">
          <DiskTable {...props} />
        </div>
      )}
      <div className="hf-map-legend">
        <div aria-hidden="true">
          {legendOf(drawings, props, t).map(([word, protection]) => (
            <StateBadge key={word} state={protection} label={word} />
          ))}
        </div>
        <button type="button" className="hf-link" aria-controls={id} onClick={() => setIsTable(!isTable)}>
          {isTable ? t('map.hideTable') : t('map.showTable')}
        </button>
      </div>
    </div>
  )
}

/** The words of the picture, each once. */
function legendOf(
  drawings: readonly DiskDrawing[],
  { protectionOf, wordOf }: DiskMapProps,
  t: Say,
): [string, Protection][] {
  const leaves = drawings.flatMap(({ disk, areas }) => (areas.length === 0 ? [disk] : leavesOf(areas)))
  const shown = leaves.filter(device => !isSwap(device) && device.fileSystem?.type !== 'linux_raid_member')
  const words = new Map(
    shown.map(device => [wordOf?.(device) ?? t(`state.${protectionOf(device)}`), protectionOf(device)] as const),
  )
  return [...words]
}

function DiskHead({ disk, head }: { disk: DriveDevice } & Pick<DiskMapProps, 'head'>) {
  const { t, format } = useSpeech()
  const facts = [
    format.bytes(disk.sizeBytes),
    ...(disk.transport === 'usb' ? [t('map.transport.usb')] : []),
    ...(disk.fileSystem?.type === 'crypto_LUKS' ? [t('map.encrypted')] : []),
    disk.path.replace('/dev/', ''),
  ]
  return (
    <div className="hf-map-head">
      {head?.(disk) ?? <strong className="hf-wrap">{deviceTitle(disk)}</strong>}
      <span className="hf-quiet hf-small">{facts.join(' · ')}</span>
    </div>
  )
}

interface AreaProps extends DiskMapProps {
  area: DiskArea
  /** Size of what it lies in. */
  of: number
}

function Area({ area, of, ...map }: AreaProps) {
  const { t, format } = useSpeech()
  // Very small partitions stay visible; the rest shares what is left in proportion.
  const style = { flexGrow: Math.max(area.sizeBytes / of, 0.0001), flexBasis: 0 }
  const title = areaTitle(t, area)
  const [only] = area.inside
  if (area.device && only?.node?.kind === 'group') return <Area area={only} of={of} {...map} />
  if (area.inside.length > 0) {
    return (
      <div className="hf-map-area" data-kind="container" style={style}>
        <span className="hf-map-label hf-map-container-label" title={title}>
          {title}
        </span>
        <div className="hf-map-inner">
          {area.inside.map((inner, i) => (
            <Area key={inner.device?.id ?? i} area={inner} of={area.sizeBytes} {...map} />
          ))}
        </div>
      </div>
    )
  }
  if (!area.device) {
    return (
      <div
        className="hf-map-area"
        data-kind="free"
        style={style}
        title={`${title}, ${format.bytes(area.node?.sizeBytes ?? area.sizeBytes)}`}
      >
        <span className="hf-map-label">
          <span className="hf-map-name">{title}</span>
        </span>
      </div>
    )
  }
  const device = area.device
  // A disk of an array is drawn as part of another one.
  const isPart = device.fileSystem?.type === 'linux_raid_member'
  if (isPart) {
    return (
      <div className="hf-map-area" data-kind="free" style={style} title={title}>
        <span className="hf-map-label">
          <span className="hf-map-name">{title}</span>
        </span>
      </div>
    )
  }
  const protection = isSwap(device) ? 'none' : map.protectionOf(device)
  const Sign = protectionIcons[protection]
  const used = map.usedOf?.(device)
  const word = map.wordOf?.(device) ?? t(`state.${protection}`)
  const how = map.howOf?.(device) ?? null
  const last = map.lastOf?.(device) ?? null
  const said = [word, how?.details ?? null, last].filter(one => one !== null).join(' · ')
  const text = `${deviceTitle(device)}, ${format.bytes(device.sizeBytes)}, ${contentText(t, device)}: ${said}`
  return (
    <div
      className="hf-map-area"
      data-kind={isSwap(device) ? 'swap' : 'part'}
      data-protection={protection}
      style={style}
      title={text}
    >
      {used !== undefined && (
        <span className="hf-map-used" style={{ width: `${Math.min(100, (used / device.sizeBytes) * 100)}%` }} />
      )}
      <span className="hf-map-label">
        <Sign size={14} />
        <span className="hf-map-name">{deviceTitle(device)}</span>
      </span>
      {how !== null && <span className="hf-map-label hf-map-how">{how.text}</span>}
      {last !== null && <span className="hf-map-label hf-map-how">{last}</span>}
      <span className="hf-map-label hf-map-size">{format.bytes(device.sizeBytes)}</span>
    </div>
  )
}

function DiskTable(props: DiskMapProps) {
  const { t, format } = useSpeech()
  const rows = drawDisks(props.inventory).flatMap(({ disk, areas }) => [
    { area: { device: disk, node: null, sizeBytes: disk.sizeBytes, inside: areas }, depth: 0 },
    ...rowsOf(areas, 1),
  ])
  return (
    <table className="hf-table">
      <caption className="hf-hidden">{t('map.table')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('map.device')}</th>
          <th scope="col" className="hf-number">
            {t('map.size')}
          </th>
          <th scope="col">{t('map.holds')}</th>
          <th scope="col">{t('map.protection')}</th>
          {props.howOf && <th scope="col">{t('map.how')}</th>}
          {props.lastOf && <th scope="col">{t('map.last')}</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ area, depth }, i) => {
          const { device, inside } = area
          const isLeaf = inside.length === 0 && device?.fileSystem?.type !== 'linux_raid_member'
          const protection = device && isLeaf ? (isSwap(device) ? 'none' : props.protectionOf(device)) : null
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: free room has no name of its own
            <tr key={i}>
              <th scope="row" style={{ paddingInlineStart: `${depth * 1.25}rem` }}>
                {device ? deviceTitle(device) : areaTitle(t, area)}
              </th>
              <td className="hf-number">{format.bytes(area.node?.sizeBytes ?? area.sizeBytes)}</td>
              <td>{device ? contentText(t, device) : ''}</td>
              <td>
                {device && protection && (
                  <StateBadge state={protection} label={props.wordOf?.(device) ?? t(`state.${protection}`)} />
                )}
              </td>
              {props.howOf && <td>{device && isLeaf ? props.howOf(device)?.details : ''}</td>}
              {props.lastOf && <td>{device && isLeaf ? props.lastOf(device) : ''}</td>}
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

interface Row {
  area: DiskArea
  depth: number
}

const rowsOf = (areas: readonly DiskArea[], depth: number): Row[] =>
  areas.flatMap(area => [{ area, depth }, ...rowsOf(area.inside, depth + 1)])

/** What to call a stretch of a disk. */
function areaTitle(t: Say, { device, node }: DiskArea): string {
  if (device) return containerText(t, device)
  if (node?.kind === 'group') return groupTitle(t, node.group)
  if (node?.kind === 'pool') {
    const { name, dataPercent } = node.volume
    return dataPercent === null
      ? t('map.pool', { name })
      : t('map.poolFull', { name, percent: Math.round(dataPercent) })
  }
  return node?.kind === 'volume' ? t('map.inactive', { name: node.volume.name }) : t('map.free')
}

function groupTitle(t: Say, { name, problems }: VolumeGroup): string {
  const [problem] = problems
  return problem === undefined
    ? t('map.group', { name })
    : `${t('map.group', { name })}: ${t(`map.trouble.${problem}`)}`
}

function containerText(t: Say, device: DriveDevice): string {
  if (device.fileSystem?.type === 'crypto_LUKS') return t('map.encrypted')
  if (device.fileSystem?.type === 'LVM2_member') return t('map.volumeGroup')
  if (device.fileSystem?.type === 'linux_raid_member') return t('map.array')
  return deviceTitle(device)
}

/** What is on a device, in words. */
export function contentText(t: Say, device: DriveDevice): string {
  if (isSwap(device)) return t('map.swap')
  if (isContainer(device)) return containerText(t, device)
  if (device.fileSystem) return device.fileSystem.type
  return device.kind === 'disk' ? t('map.disk') : ''
}
