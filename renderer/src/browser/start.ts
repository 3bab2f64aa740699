import type { AppBridge } from '../../../engine/contract/appBridge.ts'
import { inSteps } from '../steps.ts'

/** Loads what the bridge of a browser stands on, part after part (the whole contract takes long to make), then makes the bridge. */
export async function startBrowserBridge(): Promise<AppBridge> {
  await inSteps([
    () => import('./withoutEval.ts'),
    () => import('../../../engine/contract/jobs.ts'),
    () => import('../../../engine/contract/helperContract.ts'),
  ])
  return (await import('./bridge.ts')).connectBrowserBridge()
}
