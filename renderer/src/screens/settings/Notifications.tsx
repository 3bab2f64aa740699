import { Button, Checkbox, NumberInput, PasswordInput, Select, Textarea, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { type Output, useCall, useQuery } from '../../state/calls.ts'
import { useNow } from '../../state/context.ts'
import { draftOfNotices, isNoticesReady, type NoticesDraft, noticesOf, type Tls, tlsKinds } from './noticesDraft.ts'

/** Delivery takes a while and no topic tells of it: after a test the answer is looked at again then, in milliseconds. */
const lookAgainMs = [1000, 3000, 8000, 20_000]

/** Where messages go besides the screen. */
export function Notifications() {
  const { t } = useSpeech()
  const known = useQuery('notices.get', {})
  const set = useCall('notices.set')
  const test = useCall('notices.test')
  const [edited, setEdited] = useState<NoticesDraft | null>(null)
  const [tests, setTests] = useState(0)
  const { again } = known
  useEffect(() => {
    if (tests === 0) return
    const timers = lookAgainMs.map(ms => setTimeout(again, ms))
    return () => timers.forEach(clearTimeout)
  }, [tests, again])

  if (!known.value) {
    return (
      <Card title={t('settings.notices')}>
        <ErrorNote error={known.error} />
      </Card>
    )
  }
  const draft = edited ?? draftOfNotices(known.value)
  const change = (changes: Partial<NoticesDraft>) => setEdited({ ...draft, ...changes })
  const save = async () => {
    if (!(await set.call(noticesOf(draft)))) return
    setEdited(null)
    again()
  }
  const sendTest = async () => {
    if (await test.call({})) setTests(n => n + 1)
  }
  const isSet = known.value.email !== null || known.value.webhook !== null
  return (
    <Card title={t('settings.notices')}>
      <form
        className="hf-fields"
        onSubmit={event => {
          event.preventDefault()
          void save()
        }}
      >
        <p className="hf-quiet hf-settings-text">{t('settings.notices.text')}</p>
        <Checkbox
          label={t('settings.notices.email')}
          checked={draft.hasEmail}
          onChange={event => change({ hasEmail: event.currentTarget.checked })}
        />
        {draft.hasEmail && <EmailFields draft={draft} change={change} />}
        <Delivery delivery={known.value.deliveries.email} />
        <Checkbox
          label={t('settings.notices.webhook')}
          checked={draft.hasWebhook}
          onChange={event => change({ hasWebhook: event.currentTarget.checked })}
        />
        {draft.hasWebhook && (
          <div className="hf-settings-grid">
            <TextInput
              type="url"
              label={t('settings.notices.url')}
              value={draft.url}
              maxLength={2000}
              onChange={event => change({ url: event.currentTarget.value })}
            />
            <PasswordInput
              label={t('settings.notices.secret')}
              description={t('settings.notices.passwordText')}
              value={draft.secret}
              autoComplete="off"
              onChange={event => change({ secret: event.currentTarget.value })}
            />
          </div>
        )}
        <Delivery delivery={known.value.deliveries.webhook} />
        <div className="hf-row">
          {edited !== null && (
            <>
              <Button type="submit" size="xs" disabled={!isNoticesReady(draft)} loading={set.busy}>
                {t('action.save')}
              </Button>
              <Button size="xs" variant="default" onClick={() => setEdited(null)}>
                {t('action.cancel')}
              </Button>
            </>
          )}
          {isSet && edited === null && (
            <Button size="xs" variant="default" loading={test.busy} onClick={() => void sendTest()}>
              {t('settings.notices.test')}
            </Button>
          )}
          <span role="status" className="hf-small">
            {edited !== null
              ? ''
              : tests > 0
                ? t('settings.notices.tested')
                : set.value
                  ? t('settings.notices.saved')
                  : ''}
          </span>
        </div>
        <ErrorNote error={set.error ?? test.error} />
      </form>
    </Card>
  )
}

function EmailFields({ draft, change }: { draft: NoticesDraft; change(changes: Partial<NoticesDraft>): void }) {
  const { t } = useSpeech()
  return (
    <div className="hf-settings-grid">
      <TextInput
        label={t('settings.notices.host')}
        value={draft.host}
        maxLength={255}
        onChange={event => change({ host: event.currentTarget.value })}
      />
      <NumberInput
        label={t('settings.notices.port')}
        value={draft.port}
        min={1}
        max={65_535}
        clampBehavior="strict"
        allowDecimal={false}
        onChange={port => typeof port === 'number' && change({ port })}
      />
      <Select
        label={t('settings.notices.tls')}
        allowDeselect={false}
        value={draft.tls}
        data={tlsKinds.map(value => ({ value, label: t(`settings.notices.tls.${value}`) }))}
        onChange={value => value !== null && change({ tls: value as Tls })}
      />
      <TextInput
        label={t('settings.notices.user')}
        description={t('settings.notices.userText')}
        value={draft.user}
        maxLength={254}
        autoComplete="off"
        onChange={event => change({ user: event.currentTarget.value })}
      />
      <PasswordInput
        label={t('settings.notices.password')}
        description={t('settings.notices.passwordText')}
        value={draft.password}
        autoComplete="off"
        onChange={event => change({ password: event.currentTarget.value })}
      />
      <TextInput
        type="email"
        label={t('settings.notices.from')}
        value={draft.from}
        maxLength={254}
        onChange={event => change({ from: event.currentTarget.value })}
      />
      <TextInput
        label={t('settings.notices.to')}
        description={t('settings.notices.toText')}
        value={draft.to}
        onChange={event => change({ to: event.currentTarget.value })}
      />
      <Textarea
        label={t('settings.notices.certificates')}
        description={t('settings.notices.certificatesText')}
        rows={2}
        spellCheck={false}
        value={draft.certificates}
        maxLength={100_000}
        onChange={event => change({ certificates: event.currentTarget.value })}
      />
    </div>
  )
}

function Delivery({ delivery }: { delivery: Output<'notices.get'>['deliveries']['email'] }) {
  const { t, format } = useSpeech()
  const now = useNow()
  if (!delivery) return null
  const facts = [
    delivery.lastDeliveredAt === null
      ? t('settings.notices.neverDelivered')
      : t('settings.notices.delivered', { when: format.when(delivery.lastDeliveredAt, now) }),
    delivery.waiting > 0 && t('settings.notices.waiting', { count: delivery.waiting }),
    delivery.dropped > 0 && t('settings.notices.dropped', { count: delivery.dropped }),
  ].filter(fact => fact !== false)
  return (
    <div aria-live="polite">
      <div className="hf-quiet hf-small">{facts.join(' · ')}</div>
      {delivery.error !== null && <Note tone="danger">{t('settings.notices.failed', { error: delivery.error })}</Note>}
    </div>
  )
}
