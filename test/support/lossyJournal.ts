import { randomBelow } from '../../engine/base/random.ts'
import { ReplaceFailed } from '../../engine/nbd/overlayJournal.ts'
import { LossyFile } from './lossyFile.ts'

const moment = () => new Promise<void>(resolve => setImmediate(resolve))

/** A journal with its name, as a power cut leaves them: the name may be that of the file before, until its folder was synced. */
export class LossyJournal {
  file: LossyFile
  /** What has the name on the medium for certain. */
  #durable: LossyFile
  #isCut = false
  /** How often another file has got the name. */
  replacements = 0

  constructor(file = new LossyFile()) {
    this.file = file
    this.#durable = file
  }

  readonly replace = async (content: Buffer): Promise<LossyFile> => {
    const next = new LossyFile()
    try {
      await next.write(content, 0)
      await next.sync()
      await moment()
      this.#mustBeThere()
    } catch (error) {
      throw new ReplaceFailed(true, error)
    }
    this.file = next
    this.replacements++
    await moment()
    this.#mustBeThere()
    this.#durable = next
    return next
  }

  cut(): void {
    this.#isCut = true
    this.file.cut()
    this.#durable.cut()
  }

  afterCut(): LossyJournal {
    return new LossyJournal((randomBelow(2) === 0 ? this.file : this.#durable).afterCut())
  }

  #mustBeThere(): void {
    if (this.#isCut) throw Object.assign(new Error('EIO: the power is gone'), { code: 'EIO' })
  }
}
