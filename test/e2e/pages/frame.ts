import type { Page } from 'playwright-core'
import { type Hands, mouse } from '../support/hands.ts'

export const screens = ['Home', 'Versions', 'Restore', 'Destinations', 'Health', 'Activity', 'Settings'] as const
export type ScreenTitle = (typeof screens)[number]

/** Goes to a screen by the bar on the left. */
export async function goTo(page: Page, screen: ScreenTitle, hands: Hands = mouse): Promise<void> {
  await hands.press(page.getByRole('navigation').getByRole('link', { name: screen }))
  await page.getByRole('heading', { level: 1, name: screen }).waitFor()
}
