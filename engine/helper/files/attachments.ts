import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { DriveInventory } from '../../contract/drives.ts'
import type { AttachmentView } from '../../contract/files.ts'
import type { Destination } from '../../contract/jobs.ts'
import type { Engine } from '../../engineApi.ts'
import { clearLeftovers } from '../../files/attachment.ts'
import { AttachmentRecords } from '../../files/attachmentRecords.ts'
import { filesSystem } from '../../files/system.ts'
import type { RecordStore } from '../../jobs/recordStore.ts'
import { TopicFeed } from '../../rpc/topicFeed.ts'
import type { DestinationDesk } from '../destinationDesk.ts'
import { versionAttacher } from './attacher.ts'
import { copyAttacher } from './copyAttacher.ts'
import { CopyDesk } from './copyDesk.ts'
import { FileDesk, type FileDeskDeps } from './fileDesk.ts'
import { Listings } from './listings.ts'

export interface AttachmentsDeps extends Pick<FileDeskDeps, 'factsOf'> {
  engine: Engine
  desk: DestinationDesk
  destinations: RecordStore<Destination>
  clock: Clock
  stateDir: string
  logger: Logger
}

/** What of backups is attached to this computer, or kept aside on it. */
export class Attachments {
  /** Versions whose files are looked at. */
  readonly files: FileDesk
  readonly listings = new Listings()
  /** Versions that are written to. */
  readonly copies: CopyDesk
  readonly feed: TopicFeed<{ attachments: AttachmentView[] }, { attachments: AttachmentView[] }>
  readonly stateDir: string
  readonly logger: Logger
  readonly #desk: DestinationDesk

  constructor(deps: AttachmentsDeps) {
    this.stateDir = deps.stateDir
    this.logger = deps.logger
    this.#desk = deps.desk
    const parts = { ...deps, connector: deps.desk }
    const changed = () => this.feed.publish({ attachments: this.views() })
    const closing = (attachment: string) => this.listings.forget(attachment)
    this.files = new FileDesk({ ...parts, attach: versionAttacher(parts), changed, closing })
    this.copies = new CopyDesk({ ...parts, attach: copyAttacher(parts), changed })
    this.feed = new TopicFeed(() => ({ attachments: this.views() }))
  }

  views(): AttachmentView[] {
    return [...this.files.views(), ...this.copies.views()]
  }

  /**
   * Takes away what a helper that was killed had attached, and what command lines of the same state folder have; and looks which
   * copies there are. Does not throw.
   */
  async start(): Promise<void> {
    const { logger, stateDir } = this
    await clearLeftovers({ records: new AttachmentRecords(stateDir), system: filesSystem, logger })
    await this.#lookAtCopies()
  }

  /** Looks what other programs have made, and lets go of what can no longer be read because its drive was unplugged. Does not throw. */
  async look(): Promise<void> {
    await this.#lookAtCopies()
    void this.files.drop(destination => this.#desk.state(destination).state === 'missing')
  }

  /** Detaches all that was attached of a destination. files.busy. */
  async detachOf(destination: string): Promise<void> {
    await this.#detach(({ id }) => id === destination)
  }

  /** Detaches all that was attached out of repositories on a drive, so that it can be ejected. files.busy. */
  async detachFrom(device: string, { devices }: DriveInventory): Promise<void> {
    const drives = devices.find(({ id }) => id === device)?.drives ?? []
    const parts = new Set(devices.filter(part => part.drives.some(id => drives.includes(id))).map(({ id }) => id))
    await this.#detach(destination => {
      const state = this.#desk.state(destination)
      return state.state === 'connected' && state.drive !== null && parts.has(state.drive)
    })
  }

  /** Detaches everything. Runs that need it were ended before. Does not throw. */
  async stop(): Promise<void> {
    await Promise.all([this.files.stop(), this.copies.stop()])
  }

  async #detach(isMeant: (destination: Destination) => boolean): Promise<void> {
    await this.files.closeOf(isMeant)
    await this.copies.detachOf(isMeant)
  }

  async #lookAtCopies(): Promise<void> {
    await this.copies.look().catch(error => this.logger.warn('writable copies could not be looked at', { error }))
  }
}
