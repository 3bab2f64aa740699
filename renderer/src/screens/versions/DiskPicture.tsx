import type { DiskPart, DiskPicture as Picture } from '../../../../engine/contract/library.ts'
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

/** A disk as it was, is or will be, drawn to scale; and the same as a table. */
export function DiskPicture({ picture, title }: { picture: Picture; title: string }) {
  const { t, format } = useSpeech()
  const kindText = (part: DiskPart) => (part.kind === 'free' ? '' : (part.type ?? t('versions.picture.unknown')))
  const textOf = (part: DiskPart) =>
    [partTitle(t, picture, part), kindText(part), format.bytes(part.length)].filter(Boolean).join(', ')
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
              data-protection="none"
              style={{ flexGrow: Math.max(part.length / Math.max(picture.sizeBytes, 1), 0.0001), flexBasis: 0 }}
              title={textOf(part)}
            >
              <span className="hf-map-label">
                <span className="hf-map-name">{partTitle(t, picture, part)}</span>
              </span>
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
          </tr>
        </thead>
        <tbody>
          {picture.parts.map(part => (
            <tr key={part.offset}>
              <th scope="row">{partTitle(t, picture, part)}</th>
              <td>{kindText(part)}</td>
              <td>{format.bytes(part.offset)}</td>
              <td>{format.bytes(part.length)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  )
}
