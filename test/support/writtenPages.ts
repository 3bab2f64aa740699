import { pageBytes } from '../../engine/nbd/overlayPages.ts'

interface Page {
  /** What it may hold after a kill, oldest first: what is certain, and all that was written to it since. */
  contents: Buffer[]
  /** The newest one whose write was answered. */
  answered: Buffer
  isBusy: boolean
}

/** A change of the disk that was asked for. */
export interface AskedChange {
  /** To be called when it is answered; `isDurable` when it was asked for with FUA. */
  answered(isDurable: boolean): void
}

/**
 * What each page of a disk may hold after its server was killed, as NBD promises it: what was answered before a flush was asked for is
 * certain when the flush is answered; what was written later may be there or not, but a page is never a mixture. Nobody may ask for
 * a change of a page while another change of it is under way, since either could be the last then.
 */
export class WrittenPages {
  readonly sizeBytes: number
  readonly #pages: Page[] = []

  constructor(image: Buffer) {
    this.sizeBytes = image.length
    for (let at = 0; at < image.length; at += pageBytes) {
      const content = image.subarray(at, at + pageBytes)
      this.#pages.push({ contents: [content], answered: content, isBusy: false })
    }
  }

  isBusy(offset: number, length: number): boolean {
    return this.#touched(offset, length).some(({ page }) => page.isBusy)
  }

  /** To be called when the change is asked for. */
  change(offset: number, bytes: Buffer): AskedChange {
    const touched = this.#touched(offset, bytes.length).map(({ page, begin }) => {
      const content = Buffer.from(page.contents.at(-1)!)
      bytes.copy(content, Math.max(0, offset - begin), Math.max(0, begin - offset))
      page.contents.push(content)
      page.isBusy = true
      return { page, content }
    })
    return {
      answered(isDurable) {
        for (const { page, content } of touched) {
          page.isBusy = false
          page.answered = content
          if (isDurable) settle(page, content)
        }
      },
    }
  }

  /** To be called when a flush is asked for; what it returns, when it is answered. */
  flush(): () => void {
    const answered = this.#pages.map(page => page.answered)
    return () => this.#pages.forEach((page, i) => void settle(page, answered[i]!))
  }

  /** How many pages hold something that no flush has made certain. */
  get uncertain(): number {
    return this.#pages.filter(({ contents }) => contents.length > 1).length
  }

  /** Takes what was found after the server was killed for certain. Returns the numbers of pages that hold what they must not. */
  found(image: Buffer): number[] {
    const wrong: number[] = []
    this.#pages.forEach((page, number) => {
      const content = image.subarray(number * pageBytes, (number + 1) * pageBytes)
      if (!page.contents.some(one => one.equals(content))) wrong.push(number)
      page.contents = [content]
      page.answered = content
      page.isBusy = false
    })
    return wrong
  }

  #touched(offset: number, length: number): { page: Page; begin: number }[] {
    const from = Math.floor(offset / pageBytes)
    const to = Math.ceil((offset + length) / pageBytes)
    return this.#pages.slice(from, to).map((page, i) => ({ page, begin: (from + i) * pageBytes }))
  }
}

/** What is older can be there no more. What is certain already may be newer: a flush that was asked for before may end later. */
function settle(page: Page, content: Buffer): void {
  page.contents.splice(0, Math.max(0, page.contents.indexOf(content)))
}
