import { Button } from '@mantine/core'
import { useDeferredValue } from 'react'
import { backupWays } from '../../../../engine/contract/backupWays.ts'
import type { DriveDevice, DriveInventory } from '../../../../engine/contract/drives.ts'
import { hrefOf } from '../../app/routes.ts'
import { BarStrip } from '../../components/charts.tsx'
import { DiskMap } from '../../components/DiskMap.tsx'
import { Card, EmptyState, Page } from '../../components/Page.tsx'
import { wayTexts } from '../../components/wayText.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useQuery } from '../../state/calls.ts'
import { useHouse, useNow } from '../../state/context.ts'
import { leftOut } from '../../state/diskTree.ts'
import { lastVersions } from '../../state/lastVersions.ts'
import { protectionByDevice } from '../../state/protection.ts'
import { dayStrip, summaryOf } from '../../state/summary.ts'
import { GetBack } from './GetBack.tsx'
import { Hero } from './Hero.tsx'
import { Jobs } from './Jobs.tsx'
import { useRecentRuns } from './recentRuns.ts'
import './home.css'

export function HomeScreen() {
  const { t } = useSpeech()
  const house = useHouse(state => state)
  const summary = summaryOf(house)
  const jobs = house.jobs ?? []
  // The sentence first; the pictures below it can come a moment later.
  const isRest = useDeferredValue(true, false)
  return (
    <Page title={t('home.title')}>
      {summary.kind === 'nothing' ? (
        <EmptyState
          title={t('home.nothing')}
          action={
            <Button size="md" component="a" href={hrefOf('wizard')}>
              {t('action.setUp')}
            </Button>
          }
        >
          {t('home.nothingText')}
        </EmptyState>
      ) : (
        <>
          <Hero summary={summary} />
          {isRest && <GetBack />}
          {isRest && <LastDays />}
        </>
      )}
      {isRest && <Disks />}
      {isRest && jobs.length > 0 && <Jobs jobs={jobs} />}
    </Page>
  )
}

function LastDays() {
  const { t, format } = useSpeech()
  const now = useNow()
  const recent = useRecentRuns(now - 15 * 86_400_000)
  if (!recent) return null
  const days = dayStrip(recent.runs, now, recent.isWhole)
  const title = days.length === 14 ? t('home.strip') : t('home.stripDays', { count: days.length })
  return (
    <Card title={title}>
      <BarStrip
        title={title}
        bars={days.map(({ at, state }) => ({
          label: format.weekday(at),
          state,
          text: t(`home.day.${state}`, { day: format.day(at) }),
        }))}
      />
    </Card>
  )
}

const noInventory: DriveInventory = { devices: [] }
/** Enough for the newest of each source. */
const askedVersions = 200

/** The disks by how they are protected. Drives that hold backups are not what is to be protected, but the disk of the system is. */
function Disks() {
  const { t, format } = useSpeech()
  const now = useNow()
  const inventory = useHouse(house => house.inventory) ?? noInventory
  const { devices } = inventory
  const jobs = useHouse(house => house.jobs) ?? []
  const destinations = useHouse(house => house.destinations) ?? []
  const library = useHouse(house => house.library)
  const { value: usage } = useQuery('sources.usage', {})
  const { value: newest } = useQuery('versions.list', jobs.length === 0 ? null : { limit: askedVersions }, library)
  const keepers = new Set(
    destinations.flatMap(({ state }) => {
      const holder = state.state === 'connected' ? devices.find(device => device.id === state.drive) : undefined
      return holder?.isSystem ? [] : (holder?.drives ?? [])
    }),
  )
  const own = { ...inventory, devices: devices.filter(device => !device.drives.some(id => keepers.has(id))) }
  if (own.devices.length === 0) return null
  const protectionOf = protectionByDevice(jobs, devices)
  const wayOf = backupWays(inventory)
  const versionOf = lastVersions(jobs, newest?.versions ?? [], devices)
  const lastOf = (device: DriveDevice) => {
    const version = versionOf(device)
    if (!version) return null
    return `${format.when(version.date, now)}, ${t(`versions.consistency.${version.consistency}`)}`
  }
  const out = leftOut(own, device => protectionOf(device) !== 'none')
  return (
    <Card title={t('home.map')}>
      <DiskMap
        inventory={own}
        protectionOf={protectionOf}
        usedOf={device => usage?.usages.find(one => one.device === device.id)?.usedBytes}
        howOf={device => (protectionOf(device) === 'none' ? null : wayTexts(t, wayOf(device)))}
        lastOf={lastOf}
      />
      {jobs.length > 0 && out.length > 0 && (
        <p className="hf-quiet hf-home-note">
          {t('home.map.notIncluded', { names: format.list(out.map(({ title }) => title)) })}
        </p>
      )}
    </Card>
  )
}
