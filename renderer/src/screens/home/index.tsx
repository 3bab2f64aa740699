import { Button } from '@mantine/core'
import { hrefOf } from '../../app/routes.ts'
import { EmptyState, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'

export function HomeScreen() {
  const { t } = useSpeech()
  const jobs = useHouse(house => house.jobs)
  return (
    <Page title={t('home.title')}>
      {jobs?.length === 0 && (
        <EmptyState
          title={t('home.nothing')}
          action={
            <Button component="a" href={hrefOf('wizard')}>
              {t('action.setUp')}
            </Button>
          }
        >
          {t('home.nothingText')}
        </EmptyState>
      )}
    </Page>
  )
}
