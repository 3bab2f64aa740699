import { HoldfastError } from '../engine/contract/errors.ts'
import { contentOrigin } from './content.ts'

/** As much of a frame as tells whose it is. */
export interface SenderFrame {
  readonly origin: string
  readonly parent: unknown
}

/** True for the main frame of a page of the app. A frame that is gone by now is null. Pure. */
export function isOwnPage(frame: SenderFrame | null): boolean {
  return frame !== null && frame.parent === null && frame.origin === contentOrigin
}

/** For whoever else asks. */
export function foreignPage(): HoldfastError {
  return new HoldfastError('access.denied', 'Only the pages of Holdfast may ask for this.', {
    advice: 'Close the window and open it again.',
  })
}
