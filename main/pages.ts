import { type AppPage, appPages } from '../engine/contract/appBridge.ts'

/** The only addresses that the app ever hands to a browser. */
export const pageAddresses: Readonly<Record<AppPage, string>> = {
  website: 'https://holdfast.example/',
  documentation: 'https://holdfast.example/documentation/',
  issues: 'https://holdfast.example/issues/',
}

/** Undefined when the page asks for anything else. */
export function addressOf(page: unknown): string | undefined {
  const known = appPages.find(name => name === page)
  return known === undefined ? undefined : pageAddresses[known]
}
