import type { ScreenProps } from '../../app/screenProps.ts'
import { DiskFlow } from './DiskFlow.tsx'
import { OtherComputer } from './OtherComputer.tsx'
import { RunPage } from './RunPage.tsx'
import { Start } from './Start.tsx'
import '../versions/versions.css'
import './restore.css'

/**
 * '#/restore' offers the ways; '#/restore/disk?destination=…&version=…' restores a version as a whole, '#/restore/other' opens
 * a backup that this computer does not know, '#/restore/run/<run>' shows a restore. Another way is another word here.
 */
export function RestoreScreen({ path, query }: ScreenProps) {
  const [way, id] = path
  if (way === 'disk') return <DiskFlow destination={query.destination ?? null} version={query.version ?? null} />
  if (way === 'other') return <OtherComputer />
  if (way === 'run' && id) return <RunPage key={id} id={id} willVerify={query.verify === 'yes'} />
  return <Start />
}
