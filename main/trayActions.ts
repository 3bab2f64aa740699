import type { Clock } from '../engine/base/clock.ts'
import type { HelperConnection } from './helperConnection.ts'
import type { Message } from './notifications.ts'
import { wireErrorOf } from './reply.ts'
import type { Texts } from './texts.ts'
import type { PauseSpan, TrayAction } from './trayMenu.ts'
import { nextMidnight } from './when.ts'

const hourMs = 3_600_000

type Detached = Extract<TrayAction, { do: 'detach' }>['attachments']

export interface TrayActionParts {
  helper: Pick<HelperConnection, 'call'>
  texts: Texts
  clock: Clock
  /** Shows the window, with this screen when one is named. */
  open: (path: string | null) => void
  quit: () => void
  notify: (message: Message) => void
}

/** Does what an entry of the tray's menu says. There is no window to show an error in, so it becomes a notification. Never rejects. */
export async function doTrayAction(action: TrayAction, parts: TrayActionParts): Promise<void> {
  const { helper, texts, clock, open, quit, notify } = parts
  try {
    switch (action.do) {
      case 'backUp':
        for (const job of action.jobs) await helper.call('jobs.run', { job })
        break
      case 'pause':
        for (const job of action.jobs)
          await helper.call('jobs.pause', { job, until: pauseEnd(action.span, clock.now()) })
        break
      case 'resume':
        for (const job of action.jobs) await helper.call('jobs.resume', { job })
        break
      case 'eject': {
        const { note } = await helper.call('drives.eject', { drive: action.drive })
        // With a note, something speaks against unplugging it.
        notify({ title: note === null ? texts.ejected(action.name) : action.name, body: note ?? '', urgency: 'normal' })
        break
      }
      case 'detach':
        await detachAll(action.attachments, helper)
        break
      case 'open':
        open(action.path)
        break
      case 'quit':
        quit()
    }
  } catch (error) {
    const { message, advice } = wireErrorOf(error)
    notify({ title: message, body: advice ?? '', urgency: 'normal' })
  }
}

/** As many as can be; what speaks against the first that cannot is thrown at the end. */
async function detachAll(attachments: Detached, helper: TrayActionParts['helper']): Promise<void> {
  const failures: unknown[] = []
  for (const { id, kind } of attachments) {
    const detached =
      kind === 'files' ? helper.call('files.close', { attachment: id }) : helper.call('copies.detach', { copy: id })
    await detached.catch(error => failures.push(error))
  }
  if (failures.length > 0) throw failures[0]
}

/** When a pause that begins at `now` ends, as the helper takes it. Pure. */
export function pauseEnd(span: PauseSpan, now: number): string {
  if (span === 'forever') return 'forever'
  return new Date(span === 'hour' ? now + hourMs : nextMidnight(now)).toISOString()
}
