import type { ShownNotice } from '../engine/contract/shownNotice.ts'
import type { HelperConnection } from './helperConnection.ts'
import type { SettingsFile } from './settings.ts'

/** After a long absence, no more than this many pop up at once; all of them stay in Activity. */
const mostAtOnce = 3

/** Notices that nobody has seen on this screen, oldest first. Before the very first, all of them are old. Pure. */
export function unseenNotices(notices: readonly ShownNotice[], seenAt: string | null): ShownNotice[] {
  if (seenAt === null) return []
  return notices
    .filter(notice => notice.at > seenAt)
    .sort((a, b) => a.at.localeCompare(b.at))
    .slice(-mostAtOnce)
}

/** Shows what the helper wants people to know, also what it said while the app was not there. */
export function showNotices(
  helper: Pick<HelperConnection, 'watch'>,
  settings: SettingsFile,
  show: (notice: ShownNotice) => void,
  now: () => number,
): () => void {
  const saw = (at: string) => {
    const { noticesSeenAt } = settings.current
    if (noticesSeenAt === null || at > noticesSeenAt) settings.change({ noticesSeenAt: at })
  }
  return helper.watch('notices', {
    state({ notices }) {
      const unseen = unseenNotices(notices, settings.current.noticesSeenAt)
      if (settings.current.noticesSeenAt === null) saw(new Date(now()).toISOString())
      for (const notice of unseen) show(notice)
      for (const { at } of notices) saw(at)
    },
    change(notice) {
      show(notice)
      saw(notice.at)
    },
    refused: () => undefined,
  })
}
