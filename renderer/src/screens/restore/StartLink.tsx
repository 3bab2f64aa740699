import { Button } from '@mantine/core'
import { hrefOf } from '../../app/routes.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'

/** Back to the ways to restore. */
export function StartLink() {
  const { t } = useSpeech()
  return (
    <Button component="a" variant="subtle" size="xs" href={hrefOf('restore')}>
      ← {t('restore.backToStart')}
    </Button>
  )
}
