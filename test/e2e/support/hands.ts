import type { Locator, Page } from 'playwright-core'

/** How a person works: with the mouse, or with nothing but the keyboard. Screens are told what, hands know how. */
export interface Hands {
  /** A button or a link. */
  press(control: Locator): Promise<void>
  /** One of several, or one that is on or off and is to be on. */
  choose(control: Locator): Promise<void>
  /** Replaces what a field holds. */
  type(field: Locator, text: string): Promise<void>
}

export const mouse: Hands = {
  press: control => control.click(),
  async choose(control) {
    // The thing that one sees is often drawn over the real control.
    await control.dispatchEvent('click')
  },
  type: (field, text) => field.fill(text),
}

/** What counts of an input that is chosen. */
interface Box {
  type: string
  name: string
  checked: boolean
}

/** Far more than any screen has. */
const mostStops = 300

/** Never touches the mouse, and never gives the focus to anything by itself. */
export function keyboard(page: Page): Hands {
  const reach = async (isThere: () => Promise<boolean>, what: Locator) => {
    await what.waitFor({ state: 'attached' })
    for (let stops = 0; stops < mostStops; stops++) {
      if (await isThere()) return
      await page.keyboard.press('Tab')
    }
    throw new Error(`The keyboard does not lead to ${what}`)
  }
  const hasFocus = (control: Locator) => control.evaluate(element => element === element.ownerDocument.activeElement)
  return {
    async press(control) {
      await reach(() => hasFocus(control), control)
      await page.keyboard.press('Enter')
    },
    async choose(control) {
      const state = () =>
        control.evaluate(element => {
          const { type, name, checked } = element as unknown as Box
          const focused = element.ownerDocument.activeElement as unknown as Box | null
          return {
            isRadio: type === 'radio',
            checked,
            isFocused: element === element.ownerDocument.activeElement,
            isGroupFocused: focused?.type === type && focused.name === name,
          }
        })
      const begin = await state()
      if (begin.checked) return
      if (!begin.isRadio) {
        await reach(async () => (await state()).isFocused, control)
        await page.keyboard.press('Space')
        return
      }
      await reach(async () => (await state()).isGroupFocused, control)
      // Of a group in which nothing is chosen, the first may have the focus and still be free.
      for (let steps = 0; steps < 50; steps++) {
        const now = await state()
        if (now.checked) return
        await page.keyboard.press(now.isFocused ? 'Space' : 'ArrowDown')
      }
      throw new Error(`The arrows do not lead to ${control}`)
    },
    async type(field, text) {
      await reach(() => hasFocus(field), field)
      await page.keyboard.press('ControlOrMeta+a')
      await page.keyboard.press('Delete')
      await page.keyboard.type(text)
    },
  }
}
