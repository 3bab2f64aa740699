import type { DiskPart, DiskPicture as Picture } from '../../../../engine/contract/library.ts'
import { DangerIcon } from '../../components/icons.tsx'
import type { Say } from '../../i18n/language.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'

/** What a part is called: its label, else its number among the partitions. */
export function partTitle(t: Say, picture: Picture, part: DiskPart): string {
  if (part.kind === 'free') return t('map.free')
  if (part.label !== null) return part.label
  if (picture.table === null) return t('versions.picture.whole')
  const partitions = picture.parts.filter(({ kind }) => kind === 'partition')
  return t('versions.picture.number', { number: partitions.indexOf(part) + 1 })
}

interface DiskPictureProps {
  picture: Picture
  title: string
  /** What becomes of each part, when it will be lost: 'is erased'. */
  fate?: string
}

/** A disk as it was, is or will be, drawn to scale; and the same as a table. */
export function DiskPicture({ picture, title, fate }: DiskPictureProps) {
  const { t, format } = useSpeech()
  const kindText = (part: DiskPart) => (part.kind === 'free' ? '' : (part.type ?? t('versions.picture.unknown')))
  const textOf = (part: DiskPart) =>
    [partTitle(t, picture, part), kindText(part), usedText(part), fateOf(part)].filter(Boolean).join(', ')
  const usedText = ({ length, usedBytes }: DiskPart) =>
    usedBytes === null
      ? format.bytes(length)
      : t('wizard.what.used', { used: format.bytes(usedBytes), size: format.bytes(length) })
  const fateOf = (part: DiskPart) => (part.kind === 'free' ? undefined : fate)
  return (
    <figure className="hfv-picture">
      <div className="hf-map-bar" aria-hidden="true">
        {picture.parts.length === 0 ? (
          <div className="hf-map-area" data-kind="free" style={{ flexGrow: 1 }}>
            <span className="hf-map-label">{t('versions.picture.empty')}</span>
          </div>
        ) : (
          picture.parts.map(part => (
            <div
              key={part.offset}
              className="hf-map-area"
              data-kind={part.kind === 'free' ? 'free' : 'part'}
              data-protection={fateOf(part) === undefined ? 'none' : 'danger'}
              style={{ flexGrow: Math.max(part.length / Math.max(picture.sizeBytes, 1), 0.0001), flexBasis: 0 }}
              title={textOf(part)}
            >
              {part.usedBytes !== null && (
                <span
                  className="hf-map-used"
                  style={{ width: `${Math.min(100, (part.usedBytes / part.length) * 100)}%` }}
                />
              )}
              <span className="hf-map-label">
                {fateOf(part) !== undefined && <DangerIcon size={14} />}
                <span className="hf-map-name">{partTitle(t, picture, part)}</span>
              </span>
              {fateOf(part) !== undefined && <span className="hf-map-label hf-map-how">{fateOf(part)}</span>}
              <span className="hf-map-label hf-map-size">{format.bytes(part.length)}</span>
            </div>
          ))
        )}
      </div>
      <figcaption className="hf-small hf-quiet hf-wrap">
        {[
          ...(picture.parts.length === 0 ? [format.bytes(picture.sizeBytes)] : []),
          ...(picture.table === null ? [] : [t('versions.picture.table', { table: picture.table.toUpperCase() })]),
          ...picture.parts.map(textOf),
        ].join(' · ')}
      </figcaption>
      <table className="hf-hidden">
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">{t('versions.picture.part')}</th>
            <th scope="col">{t('map.holds')}</th>
            <th scope="col">{t('versions.picture.begins')}</th>
            <th scope="col">{t('map.size')}</th>
            {fate !== undefined && <th scope="col">{t('restore.fate')}</th>}
          </tr>
        </thead>
        <tbody>
          {picture.parts.map(part => (
            <tr key={part.offset}>
              <th scope="row">{partTitle(t, picture, part)}</th>
              <td>{kindText(part)}</td>
              <td>{format.bytes(part.offset)}</td>
              <td>{format.bytes(part.length)}</td>
              {fate !== undefined && <td>{fateOf(part)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  )
}
