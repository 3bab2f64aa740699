import { Button } from '@mantine/core'
import { memo, useState } from 'react'
import { navigate } from '../../app/routes.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { joined } from './insidePaths.ts'
import { placesOf, type Selection } from './selection.ts'
import type { Folder } from './useFolder.ts'
import { isHarmless, mostPaths, type Picked, type Place, restoredFolder } from './wording.ts'

export interface SelectionBarProps {
  place: Place
  path: string
  /** The list is all of the folder, not what a search found of it. */
  isWhole: boolean
  total: number | null
  entriesAt: Folder['entriesAt']
  selection: Selection
  onClear(): void
  onRestore(picked: Picked): void
}

/** What is selected, and the two ways to get it back: at once into a new folder, or to a folder of one's choice. */
export const SelectionBar = memo(function SelectionBar(props: SelectionBarProps) {
  const { place, path, isWhole, total, entriesAt, selection, onClear, onRestore } = props
  const speech = useSpeech()
  const { t } = speech
  const plan = useCall('files.planRestore')
  const start = useCall('files.startRestore')
  const [isGathering, setIsGathering] = useState(false)
  const { count } = selection
  const name = restoredFolder(speech, place.version)
  // Everything of a large folder is the folder.
  const isFolderItself = isWhole && count > mostPaths && count === total
  const isTooMany = count > mostPaths && !isFolderItself

  const pathsOf = async (): Promise<string[] | null> => {
    if (isFolderItself) return [path]
    setIsGathering(true)
    const entries = await entriesAt(placesOf(selection))
    setIsGathering(false)
    return entries?.map(entry => joined(path, entry.name)) ?? null
  }
  const getBack = async () => {
    const paths = await pathsOf()
    if (!paths) return
    const { attachment, volume } = place
    const target = `~/${name}`
    const answer = await plan.call({ attachment, volume, paths, folder: target })
    if (!answer) return
    if (!isHarmless(answer)) return onRestore({ paths, plan: answer, folder: target })
    const begun = await start.call({ planId: answer.planId })
    if (begun) navigate('restore', ['run', begun.run])
  }
  const elsewhere = async () => {
    const paths = await pathsOf()
    if (paths) onRestore({ paths })
  }
  const busy = isGathering || plan.busy || start.busy
  return (
    <div className="hfv-selection">
      <strong role="status">{count === 0 ? t('files.selected.none') : t('files.selected', { count })}</strong>
      {count > 0 && (
        <Button size="xs" variant="subtle" onClick={onClear}>
          {t('files.selection.clear')}
        </Button>
      )}
      <div className="hff-bar-buttons">
        <Button variant="default" disabled={count === 0 || isTooMany || busy} onClick={() => void elsewhere()}>
          {t('files.getBack.elsewhere')}
        </Button>
        <Button loading={busy} disabled={count === 0 || isTooMany} onClick={() => void getBack()}>
          {t('files.getBack')}
        </Button>
      </div>
      <div className="hff-bar-note hf-quiet hf-small" role="status">
        {busy ? t('files.getBack.working') : t('files.getBack.into', { folder: name })}
      </div>
      {isTooMany && <Note tone="attention">{t('files.getBack.tooMany', { count: mostPaths })}</Note>}
      <ErrorNote error={plan.error ?? start.error} />
    </div>
  )
})
