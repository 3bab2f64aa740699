import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { CheckIcon, NoneIcon } from '../../components/icons.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useNow } from '../../state/context.ts'
import { AskLocks } from '../destinations/AskLocks.tsx'
import { versionLockWords } from './versionLock.ts'

/** Until when a version is locked against removal, how that is known, and a way to know it better. */
export function VersionLock({ version, view }: { version: LibraryVersion; view: DestinationView }) {
  const words = versionLockWords(version, useSpeech(), useNow())
  return (
    <div className="hf-locks">
      <div>
        <span className="hf-told" data-tone={words.isLocked ? 'protected' : 'attention'}>
          {words.isLocked ? <CheckIcon size={16} /> : <NoneIcon size={16} />}
          <span className="hf-wrap">{words.text}</span>
        </span>
        {words.source && <div className="hf-quiet hf-small">{words.source}</div>}
      </div>
      <AskLocks view={view} />
    </div>
  )
}
