import type { Schedule, ScheduleRule } from '../../../../engine/contract/schedule.ts'
import type { Speech } from '../../i18n/language.ts'
import { dayNames } from '../wizard/weekdayNames.ts'

/** Schedules in the words of the person's language. Pure. */

export function describeSchedule({ rules, timeZone, spreadMinutes }: Schedule, speech: Speech): string {
  const { t, format } = speech
  const parts = [format.list(rules.map(rule => describeRule(rule, speech)))]
  if (timeZone !== undefined) parts.push(t('job.rule.zone', { zone: timeZone }))
  if (spreadMinutes !== undefined && spreadMinutes > 0) {
    parts.push(t('job.rule.spread', { minutes: spreadMinutes }))
  }
  const text = parts.join(', ')
  return text.charAt(0).toLocaleUpperCase(speech.locale) + text.slice(1)
}

function describeRule(rule: ScheduleRule, { t, format, locale }: Speech): string {
  switch (rule.kind) {
    case 'hourly':
      return rule.minute === undefined ? t('job.rule.hourly') : t('job.rule.hourlyAt', { minute: String(rule.minute) })
    case 'everyHours':
      return t('job.rule.everyHours', { hours: rule.hours, time: rule.from })
    case 'daily':
      return t('job.rule.daily', { time: rule.time })
    case 'weekly': {
      const names = dayNames(locale)
      const days = rule.weekdays.map(day => names.find(({ value }) => value === day)?.label ?? day)
      return t('job.rule.weekly', { days: format.list(days), time: rule.time })
    }
    case 'monthly':
      return rule.day === 'last'
        ? t('job.rule.monthlyLast', { time: rule.time })
        : t('job.rule.monthly', { day: String(rule.day), time: rule.time })
    case 'cron':
      return t('job.rule.cron', { text: rule.expression })
    case 'drive':
      return t('job.rule.drive', { hours: rule.hours })
  }
}
