import { Button } from '@mantine/core'
import { appPages } from '../../../../engine/contract/appBridge.ts'
import { Facts } from '../../components/Facts.tsx'
import { Card } from '../../components/Page.tsx'
import { When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useQuery } from '../../state/calls.ts'
import { useHouse, useShell } from '../../state/context.ts'

const commands = ['holdfast job list', 'holdfast job run "NAME"', 'holdfast --help']

/** Versions of app and helper, the command line, and where more is to be read. */
export function Program() {
  const { t } = useSpeech()
  const shell = useShell()
  const connection = useHouse(house => house.connection)
  const { value: status } = useQuery('status.get', {})
  const helper = connection.state === 'connected' ? connection.program : status?.program
  return (
    <Card title={t('settings.program')}>
      <div className="hf-fields">
        <Facts
          facts={[
            [t('settings.program.app'), shell.program],
            [t('settings.program.helper'), helper],
            [t('settings.program.mode'), status && t(`settings.program.mode.${status.mode}`)],
            [t('settings.program.host'), status?.host],
            [t('settings.program.since'), status && <When key="since" at={status.startedAt} />],
          ]}
        />
        <div>
          <p className="hf-quiet hf-settings-text">{t('settings.program.commands')}</p>
          <pre className="hf-commands">{commands.join('\n')}</pre>
        </div>
        <div className="hf-row">
          {appPages.map(page => (
            <Button key={page} size="xs" variant="default" onClick={() => shell.openPage(page)}>
              {t(`settings.program.${page}`)}
            </Button>
          ))}
        </div>
      </div>
    </Card>
  )
}
