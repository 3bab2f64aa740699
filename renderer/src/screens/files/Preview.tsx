import { useEffect, useState } from 'react'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useQuery } from '../../state/calls.ts'
import type { Place } from './wording.ts'

/** Whoever only passes by with the arrows reads no file. */
const restMs = 250

/** What a file holds, as far as it can be shown. A picture comes as a data: address, which the content policy lets pass. */
export function Preview({ place, path, name }: { place: Place; path: string; name: string }) {
  const { t } = useSpeech()
  const { attachment, volume } = place
  const [isAsked, setIsAsked] = useState(false)
  const [isBroken, setIsBroken] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setIsAsked(true), restMs)
    return () => clearTimeout(timer)
  }, [])
  const { value, error } = useQuery('files.preview', isAsked ? { attachment, volume, path } : null)
  return (
    <div>
      <h3 className="hff-subhead">{t('files.preview')}</h3>
      {!value && !error && (
        <p className="hf-quiet hf-small hfv-flush" role="status">
          {t('files.preview.loading')}
        </p>
      )}
      <ErrorNote error={error} />
      {value?.kind === 'text' && (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse */}
          <section className="hff-text" tabIndex={0} aria-label={t('files.preview.text', { name })}>
            <pre>{value.text}</pre>
          </section>
          {!value.isWhole && <p className="hf-quiet hf-small hfv-flush">{t('files.preview.part')}</p>}
        </>
      )}
      {value?.kind === 'picture' &&
        (isBroken ? (
          <p className="hf-quiet hf-small hfv-flush">{t('files.preview.broken')}</p>
        ) : (
          <img
            className="hff-picture"
            src={`data:${value.type};base64,${value.base64}`}
            alt={t('files.preview.picture', { name })}
            onError={() => setIsBroken(true)}
          />
        ))}
      {value?.kind === 'none' && <p className="hf-quiet hf-small hfv-flush">{t(`files.preview.${value.reason}`)}</p>}
    </div>
  )
}
