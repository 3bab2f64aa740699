import type { ScreenProps } from '../../app/screenProps.ts'
import { ActivityList } from './ActivityList.tsx'
import { RunPage } from './RunPage.tsx'
import './activity.css'

/** '#/activity' is everything; '#/activity/<run>' one run. */
export function ActivityScreen({ path }: ScreenProps) {
  const run = path[0]
  return run === undefined ? <ActivityList /> : <RunPage key={run} id={run} />
}
