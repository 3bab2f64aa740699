import { formatBytes, formatDuration, formatSpeed } from '../base/bytes.ts'
import type { Phase, Progress } from '../contract/progress.ts'
import { truncate } from './textLayout.ts'

const phaseWords: Record<Phase, string> = {
  opening: 'Opening',
  preparing: 'Preparing',
  reading: 'Reading',
  finishing: 'Finishing',
  planning: 'Planning',
  restoring: 'Restoring',
  verifying: 'Verifying',
  scrubbing: 'Scrubbing',
  searching: 'Searching',
  pruning: 'Pruning',
  repairing: 'Repairing',
}

const barWidth = 20

/**
 * Progress as one line of at most `columns` - 1 columns (a full line would wrap on some terminals):
 * "Reading  [######--------------]  31 %  19.8 of 64 GiB  512 MiB/s  1 min 28 s left"; to a place elsewhere, with "512 MiB/s read, 12 MiB/s sent".
 * Parts that are not known or have no room are left out: first what is stored, then the bar.
 */
export function progressLine(progress: Progress, columns: number): string {
  const { phase, doneBytes, totalBytes, secondsLeft, storedBytes } = progress
  // Nothing to do is done; more than everything (a source that grew) is not shown.
  const share = totalBytes === undefined ? undefined : totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes)
  const filled = Math.round((share ?? 0) * barWidth)
  const bar = share === undefined ? undefined : `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}]`
  const rest = [
    share === undefined ? undefined : `${String(Math.floor(share * 100)).padStart(3)} %`,
    totalBytes !== undefined
      ? `${formatBytes(Math.min(doneBytes, totalBytes))} of ${formatBytes(totalBytes)}`
      : doneBytes > 0
        ? formatBytes(doneBytes)
        : undefined,
    speedText(progress),
    secondsLeft === undefined || share === 1 ? undefined : `${formatDuration(secondsLeft * 1000)} left`,
  ]
  const join = (parts: (string | undefined)[]) => parts.filter(part => part !== undefined).join('  ')
  const stored = storedBytes ? `${formatBytes(storedBytes)} stored` : undefined
  const whole = join([phaseWords[phase], bar, ...rest])
  const withStored = join([whole, stored])
  if (withStored.length < columns) return withStored
  return whole.length < columns ? whole : truncate(join([phaseWords[phase], ...rest]), columns - 1)
}

function speedText({ bytesPerSecond, sentBytesPerSecond }: Progress): string | undefined {
  const read = bytesPerSecond === undefined ? undefined : formatSpeed(bytesPerSecond)
  if (sentBytesPerSecond === undefined) return read
  const sent = `${formatSpeed(sentBytesPerSecond)} sent`
  return read === undefined ? sent : `${read} read, ${sent}`
}

/** Where progress goes: nowhere, to a line that is drawn again and again, or to JSON lines. */
export interface ProgressSink {
  report(progress: Progress): void
  /** Takes the line away, so that something else can be written there; the next report draws it again. */
  clear(): void
}

export const noProgress: ProgressSink = { report: () => undefined, clear: () => undefined }

/** Draws over one line of a terminal. */
export function terminalProgress(write: (text: string) => void, columns: () => number): ProgressSink {
  let drawn = false
  return {
    report(progress) {
      drawn = true
      write(`\r${progressLine(progress, columns())}\x1b[K`)
    },
    clear() {
      if (drawn) write('\r\x1b[K')
      drawn = false
    },
  }
}

const jsonLinesPerSecond = 4

/** One JSON line for each report, at most four in any second; what comes faster is left out. `now` is monotonic, in ms. */
export function jsonProgress(write: (text: string) => void, now: () => number): ProgressSink {
  const written: number[] = []
  return {
    report(progress) {
      const at = now()
      while (written.length > 0 && at - written[0]! >= 1000) written.shift()
      if (written.length >= jsonLinesPerSecond) return
      written.push(at)
      write(`${JSON.stringify(progress)}\n`)
    },
    clear: () => undefined,
  }
}
