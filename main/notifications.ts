import { Notification, type NotificationConstructorOptions } from 'electron'

export interface Message {
  title: string
  body: string
  urgency: 'low' | 'normal' | 'critical'
}

/** Shows messages as the desktop does; where it does not, nothing happens, and the screens say the same. */
export class Notifications {
  readonly #icon: string
  readonly #opened: () => void
  /** Electron forgets a notification that nobody holds, and with it the click. */
  readonly #shown = new Set<Notification>()

  /** `opened` is called when a person clicks one. */
  constructor(icon: string, opened: () => void) {
    this.#icon = icon
    this.#opened = opened
  }

  show({ title, body, urgency }: Message): void {
    if (!Notification.isSupported()) return
    const options: NotificationConstructorOptions = { title, body, urgency, icon: this.#icon }
    const notification = new Notification(options)
    this.#shown.add(notification)
    const forget = () => void this.#shown.delete(notification)
    notification.on('close', forget)
    notification.on('failed', forget)
    notification.on('click', () => {
      forget()
      this.#opened()
    })
    notification.show()
  }
}
