import { useSpeech } from '../../i18n/useSpeech.ts'
import { crumbsOf } from './insidePaths.ts'

export interface BreadcrumbsProps {
  volumeTitle: string
  path: string
  onVolumes: (() => void) | undefined
  onPath(path: string): void
}

/** The way from the volumes to the folder that is shown; each part of it leads back there. */
export function Breadcrumbs({ volumeTitle, path, onVolumes, onPath }: BreadcrumbsProps) {
  const { t } = useSpeech()
  const crumbs = [{ name: volumeTitle, path: '' }, ...crumbsOf(path)]
  return (
    <nav aria-label={t('files.path')} className="hff-crumbs">
      <ol className="hf-plain-list">
        {onVolumes && (
          <li>
            <button type="button" className="hff-crumb" onClick={onVolumes}>
              {t('files.volumes')}
            </button>
          </li>
        )}
        {crumbs.map((crumb, i) => (
          <li key={crumb.path}>
            {i === crumbs.length - 1 ? (
              <span className="hff-crumb" aria-current="location" title={crumb.name}>
                {crumb.name}
              </span>
            ) : (
              <button type="button" className="hff-crumb" title={crumb.name} onClick={() => onPath(crumb.path)}>
                {crumb.name}
              </button>
            )}
          </li>
        ))}
      </ol>
    </nav>
  )
}
