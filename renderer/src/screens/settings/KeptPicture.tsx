import { useSpeech } from '../../i18n/useSpeech.ts'
import { type Decisions, keptByAge, placeOfAge } from './retentionLevels.ts'

const width = 600
const height = 36
const dayMs = 86_400_000
const marks = [
  ['job.keep.now', 0],
  ['job.keep.dayAgo', dayMs],
  ['job.keep.monthAgo', 30 * dayMs],
  ['job.keep.yearsAgo', 730 * dayMs],
] as const

/** A stroke for each version that stays, youngest on the right; and the same as numbers. */
export function KeptPicture({ decisions }: { decisions: Decisions }) {
  const { t, format } = useSpeech()
  const kept = decisions.filter(({ keep }) => keep)
  // It is made of versions up to the present of the helper, so that is what ages are counted from.
  const now = Math.max(...decisions.map(({ date }) => Date.parse(date)), 0)
  const xOf = (ms: number) => (1 - placeOfAge(ms)) * (width - 2) + 1
  // Strokes closer than half a pixel cannot be told from one another.
  const places = [...new Set(kept.map(({ date }) => Math.round(xOf(now - Date.parse(date)) * 2) / 2))]
  return (
    <figure className="hf-kept">
      <figcaption className="hf-quiet hf-small">{t('job.keep.picture')}</figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" height={height} aria-hidden="true">
        <path d={places.map(x => `M${x} 4V${height - 4}`).join('')} />
      </svg>
      <div className="hf-kept-marks" aria-hidden="true">
        {marks.map(([key, ms]) => (
          <span key={key} style={{ left: `${(xOf(ms) / width) * 100}%` }}>
            {t(key)}
          </span>
        ))}
      </div>
      <table className="hf-table hf-narrow">
        <caption className="hf-hidden">{t('job.keep.picture')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('job.keep.age')}</th>
            <th scope="col" className="hf-number">
              {t('job.keep.count')}
            </th>
          </tr>
        </thead>
        <tbody>
          {keptByAge(decisions, now).map(({ age, count }) => (
            <tr key={age}>
              <td>{t(`job.keep.age.${age}`)}</td>
              <td className="hf-number">{format.number(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  )
}
