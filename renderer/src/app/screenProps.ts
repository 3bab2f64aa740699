/** What each screen is given: the rest of the way behind its name, and what is asked after it. See routes.ts. */
export interface ScreenProps {
  path: readonly string[]
  query: Readonly<Record<string, string>>
}
