/** Longest label or name, in characters; as long as those of devices. */
const longest = 120

/** A name that somebody has written onto a disk, fit to be shown; null when nothing of it can be. */
export function shownText(text: string): string | null {
  const shown = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd]+/gu, ' ').trim()
  return shown === '' ? null : [...shown].slice(0, longest).join('')
}
