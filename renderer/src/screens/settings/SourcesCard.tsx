import { Button, CloseButton, Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import { backupWays } from '../../../../engine/contract/backupWays.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { wayText, whyText } from '../../components/wayText.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse, useShell } from '../../state/context.ts'
import { deviceTitle, isContainer } from '../../state/diskTree.ts'
import { versionNames } from '../wizard/draft.ts'
import type { EditorProps } from './editorProps.ts'
import { isVersionName, type SourceDraft } from './jobDraft.ts'

/** The sources of a job: what each is, and what its versions are called. */
export function SourcesCard({ draft, change }: EditorProps) {
  const { t } = useSpeech()
  const inventory = useHouse(house => house.inventory) ?? { devices: [] }
  const { devices } = inventory
  const wayOf = backupWays(inventory)
  const { sources } = draft
  const isHere = ({ device }: SourceDraft) => device === null || devices.some(({ id }) => id === device)
  const isRefused =
    !draft.whileInUse &&
    devices.some(one => wayOf(one).way === 'in-use' && sources.some(({ device }) => device === one.id))
  const isAway = sources.some(source => !isHere(source))
  const set = (i: number, name: string) =>
    change({ sources: sources.map((source, n) => (n === i ? { ...source, name } : source)) })
  return (
    <Card title={t('job.sources')}>
      <div className="hf-fields">
        {isRefused && <Note tone="attention">{t('job.source.refused', { setting: t('job.whileInUse') })}</Note>}
        {isAway && <Note tone="waiting">{t('job.source.awayText')}</Note>}
        <ul className="hf-plain-list hf-settings-sources">
          {sources.map((source, i) => {
            const device = devices.find(({ id }) => id === source.device)
            const isTwice = sources.some((other, n) => n !== i && other.name === source.name)
            const title = device ? deviceTitle(device) : source.path
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: the name changes while one types, and rows do not move
              <li key={i} className="hf-settings-source">
                <div className="hf-wrap hf-settings-source-name">
                  <strong>{title}</strong>
                  <div className="hf-quiet hf-small">
                    {source.device === null ? t('job.source.file') : device ? device.path : t('job.source.away')}
                  </div>
                  {device && (
                    <div className="hf-quiet hf-small">
                      {[wayText(t, wayOf(device)), whyText(t, wayOf(device))].filter(Boolean).join('. ')}
                    </div>
                  )}
                </div>
                <TextInput
                  label={t('job.source.version')}
                  aria-description={title}
                  value={source.name}
                  disabled={isAway}
                  error={
                    !isVersionName(source.name) ? t('job.source.nameWrong') : isTwice ? t('job.source.nameTwice') : null
                  }
                  onChange={event => set(i, event.currentTarget.value)}
                />
                <CloseButton
                  aria-label={t('job.source.remove', { name: title })}
                  disabled={isAway}
                  onClick={() => change({ sources: sources.filter((_, n) => n !== i) })}
                />
              </li>
            )
          })}
        </ul>
        <p className="hf-quiet hf-small hf-settings-text">
          {sources.length === 0 ? t('job.source.none') : t('job.source.versionText')}
        </p>
        {!isAway && <AddSource draft={draft} change={change} />}
      </div>
    </Card>
  )
}

function AddSource({ draft, change }: Pick<EditorProps, 'draft' | 'change'>) {
  const { t, format } = useSpeech()
  const shell = useShell()
  const inventory = useHouse(house => house.inventory) ?? { devices: [] }
  const jobs = useHouse(house => house.jobs) ?? []
  const offer = useCall('sources.offerFile')
  const [path, setPath] = useState('')
  const taken = new Set(draft.sources.map(({ device }) => device))
  const wayOf = backupWays(inventory)
  const choices = inventory.devices.filter(
    device => !taken.has(device.id) && !isContainer(device) && wayOf(device).way !== 'not' && device.sizeBytes > 0,
  )
  const names = [
    ...jobs.flatMap(({ job }) => job.sources.map(({ name }) => name)),
    ...draft.sources.map(({ name }) => name),
  ]
  const add = (source: Omit<SourceDraft, 'name'>, title: string) => {
    const [name = title] = versionNames([title], names)
    change({ sources: [...draft.sources, { ...source, name }] })
  }
  const addFile = async (file: string) => {
    const offered = await offer.call({ path: file })
    if (!offered) return
    setPath('')
    add({ id: offered.source, path: file, device: null }, file.split('/').at(-1) ?? file)
  }
  const browse = async () => {
    const file = await shell.chooseFile()
    if (typeof file === 'string') await addFile(file)
  }
  return (
    <>
      {choices.length > 0 && (
        <Select
          className="hf-narrow"
          label={t('job.source.add')}
          searchable
          value={null}
          data={choices.map(device => ({
            value: device.id,
            label: `${deviceTitle(device)}, ${format.bytes(device.sizeBytes)} (${device.path})`,
          }))}
          onChange={value => {
            const device = choices.find(({ id }) => id === value)
            if (device) add({ id: device.id, path: device.path, device: device.id }, deviceTitle(device))
          }}
        />
      )}
      <form
        className="hf-row hf-narrow"
        onSubmit={event => {
          event.preventDefault()
          if (path.trim() !== '') void addFile(path.trim())
        }}
      >
        <TextInput
          className="hf-grow"
          label={t('job.source.addFile')}
          value={path}
          onChange={event => setPath(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={path.trim() === ''} loading={offer.busy}>
          {t('job.source.addDo')}
        </Button>
        {shell.kind === 'desktop' && (
          <Button variant="default" onClick={() => void browse()}>
            {t('wizard.what.choose')}
          </Button>
        )}
      </form>
      <ErrorNote error={offer.error} />
    </>
  )
}
