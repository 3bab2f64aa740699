import type { AppPage } from './appBridge.ts'

/** Where the pages of the project are; the app opens these addresses and no others. */
export const pageAddresses: Readonly<Record<AppPage, string>> = {
  website: 'https://holdfast.example/',
  documentation: 'https://holdfast.example/documentation/',
  issues: 'https://holdfast.example/issues/',
}
