import { Button, Select, TextInput } from '@mantine/core'
import { useMemo } from 'react'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'
import type { Places } from './places.ts'
import { distinct, type Filter, isFiltering, noFilter } from './shelf.ts'

/** Longer lists are searched by typing. */
const mostChoices = 60

export interface FiltersProps {
  versions: readonly LibraryVersion[]
  places: Places
  filter: Filter
  onChange(filter: Filter): void
}

/** Narrows the list. A choice is offered only where there is more than one thing to choose. */
export function Filters({ versions, places, filter, onChange }: FiltersProps) {
  const { t, locale } = useSpeech()
  const jobs = useHouse(house => house.jobs)
  const choices = useMemo(() => {
    const made = new Set(versions.flatMap(({ job }) => job ?? []))
    return {
      jobs: (jobs ?? []).flatMap(({ job }) => (made.has(job.id) ? [{ value: job.id, label: job.name }] : [])),
      names: distinct(
        versions.map(({ name }) => name),
        locale,
      ).map(name => ({ value: name, label: name })),
      destinations: [...new Set(versions.map(({ destination }) => destination))].map(id => ({
        value: id,
        label: places.name(id),
      })),
      hosts: distinct(
        versions.map(({ host }) => host),
        locale,
      ).map(host => ({ value: host, label: host })),
    }
  }, [versions, jobs, places, locale])
  const select = (
    label: string,
    every: string,
    data: readonly { value: string; label: string }[],
    field: 'job' | 'name' | 'destination' | 'host',
  ) =>
    (data.length > 1 || filter[field] !== null) && (
      <Select
        label={label}
        placeholder={every}
        data={[...data]}
        value={filter[field]}
        searchable={data.length > 8}
        limit={mostChoices}
        clearable
        clearButtonProps={{ 'aria-label': every }}
        onChange={value => onChange({ ...filter, [field]: value })}
      />
    )
  return (
    <search className="hfv-filters" aria-label={t('versions.filter')}>
      <TextInput
        type="search"
        label={t('versions.search')}
        placeholder={t('versions.searchHint')}
        value={filter.text}
        onChange={event => onChange({ ...filter, text: event.currentTarget.value })}
      />
      {select(t('versions.job'), t('versions.allJobs'), choices.jobs, 'job')}
      {select(t('versions.source'), t('versions.allSources'), choices.names, 'name')}
      {select(t('versions.destination'), t('versions.allDestinations'), choices.destinations, 'destination')}
      {select(t('versions.host'), t('versions.allHosts'), choices.hosts, 'host')}
      {isFiltering(filter) && (
        <Button variant="subtle" onClick={() => onChange(noFilter)}>
          {t('versions.clearFilter')}
        </Button>
      )}
    </search>
  )
}
