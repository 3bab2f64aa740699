import type { Clock } from '../base/clock.ts'
import type { ShownNotice } from '../contract/shownNotice.ts'
import type { DesktopNotice } from '../notices/texts.ts'
import { TopicFeed } from '../rpc/topicFeed.ts'

const keptNotices = 50

/** The newest notices, kept for whoever opens the app later today. */
export class NoticeBoard {
  readonly feed: TopicFeed<{ notices: ShownNotice[] }, ShownNotice>
  readonly #clock: Clock
  readonly #shown: ShownNotice[] = []

  constructor(clock: Clock) {
    this.#clock = clock
    this.feed = new TopicFeed(() => ({ notices: this.#shown }))
  }

  show(notice: DesktopNotice): void {
    const shown = { ...notice, at: new Date(this.#clock.now()).toISOString() }
    this.#shown.push(shown)
    if (this.#shown.length > keptNotices) this.#shown.shift()
    this.feed.publish(shown)
  }
}
