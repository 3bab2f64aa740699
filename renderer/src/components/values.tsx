import { useSpeech } from '../i18n/useSpeech.ts'
import { useNow } from '../state/context.ts'

/** A size: "312 GB", exact to the byte where one points at it. */
export function Bytes({ value }: { value: number }) {
  const { format } = useSpeech()
  return <data value={value}>{format.bytes(value)}</data>
}

/** A number, as the language writes it. */
export function Count({ value }: { value: number }) {
  const { format } = useSpeech()
  return <>{format.number(value)}</>
}

/** A moment: "today 14:02", the same for columns, or how long ago. Null is never. */
export function When({ at, as = 'moment' }: { at: string | null; as?: 'moment' | 'stamp' | 'ago' }) {
  const { t, format } = useSpeech()
  const now = useNow()
  if (at === null) return <>{t('time.never')}</>
  const moment = as === 'stamp' ? format.stamp(at, now) : format.when(at, now)
  const [shown, other] = as === 'ago' ? [format.ago(at, now), moment] : [moment, format.ago(at, now)]
  return (
    <time dateTime={at} title={other}>
      {shown}
    </time>
  )
}

/** A span of time in milliseconds: "1 h 12 min". */
export function Duration({ ms }: { ms: number }) {
  const { format } = useSpeech()
  return <>{format.duration(ms)}</>
}
