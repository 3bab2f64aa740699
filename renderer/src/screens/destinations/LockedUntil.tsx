import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { CheckIcon, NoneIcon } from '../../components/icons.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useNow } from '../../state/context.ts'
import { AskLocks } from './AskLocks.tsx'
import { lockWords } from './lockWords.ts'

/** Until when everything is locked against removal, where the storage can do that; with `isWhole` also how that is known. */
export function LockedUntil({ view, isWhole = false }: { view: DestinationView; isWhole?: boolean }) {
  const words = lockWords(view, useSpeech(), useNow())
  if (!words) return null
  return (
    <div className="hf-locks">
      <div className="hf-told" data-tone={words.isLocked ? 'protected' : 'attention'}>
        {words.isLocked ? <CheckIcon size={16} /> : <NoneIcon size={16} />}
        <span className="hf-wrap">{words.text}</span>
      </div>
      {isWhole && <p className="hf-destination-text hf-quiet hf-small">{words.source}</p>}
      {isWhole && <AskLocks view={view} />}
    </div>
  )
}
