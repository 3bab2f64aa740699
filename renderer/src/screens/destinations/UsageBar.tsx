import type { Usage } from '../../../../engine/contract/library.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'

/** What the backup takes beside what is free. Other files on the same drive are not known here, so they are not drawn. */
export function UsageBar({ name, usage }: { name: string; usage: Usage | null }) {
  const { t, format } = useSpeech()
  if (!usage) return <p className="hf-quiet hf-small hf-destination-text">{t('destinations.notMeasured')}</p>
  const { storedBytes, freeBytes } = usage
  const used = t('destinations.used', { size: format.bytes(storedBytes) })
  if (freeBytes === null) {
    return (
      <p className="hf-small hf-destination-text">
        {used} <span className="hf-quiet">{t('destinations.freeUnknown')}</span>
      </p>
    )
  }
  const share = storedBytes / Math.max(1, storedBytes + freeBytes)
  const free = t('destinations.free', { size: format.bytes(freeBytes) })
  return (
    <div>
      <div className="hf-usage" aria-hidden="true">
        <div style={{ width: `${share * 100}%` }} />
      </div>
      <div className="hf-usage-words">
        <span className="hf-hidden">{t('destinations.usage', { name })}</span>
        <span>{used}</span>
        <span>{free}</span>
      </div>
    </div>
  )
}
