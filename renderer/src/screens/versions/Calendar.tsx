import { ActionIcon } from '@mantine/core'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { WarningIcon } from '../../components/icons.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { compareMonths, firstDayOf, type Month, monthOf, monthTitle, shifted, weekdayNames, weeksOf } from './month.ts'
import type { Day } from './shelf.ts'

/** More versions than that on a day look the same. */
const mostDots = 3

/** A month with a dot for each version of a day. Arrow keys go from day to day with versions; a day leads to its versions. */
export function Calendar({ days, onDay }: { days: readonly Day[]; onDay(day: string): void }) {
  const { t, locale, format } = useSpeech()
  const byDay = useMemo(() => new Map(days.map(day => [day.day, day])), [days])
  const newest = days[0]?.day
  const oldest = days.at(-1)?.day
  const [chosen, setChosen] = useState<Month | null>(null)
  const [current, setCurrent] = useState<string | null>(null)
  const table = useRef<HTMLTableElement>(null)
  const wantsFocus = useRef(false)
  const month = chosen ?? (newest ? monthOf(newest) : null)
  useEffect(() => {
    if (!wantsFocus.current || current === null) return
    wantsFocus.current = false
    table.current?.querySelector<HTMLElement>(`[data-day="${current}"]`)?.focus()
  }, [current])
  if (!month || !newest || !oldest) return null

  const firstDay = firstDayOf(locale)
  const weeks = weeksOf(month, firstDay)
  const shown = weeks.flat().flatMap(cell => (cell && byDay.has(cell.key) ? [cell.key] : []))
  // One stop for the tab key; from there on arrows.
  const stop = current !== null && shown.includes(current) ? current : (shown.at(-1) ?? null)

  const move = (event: KeyboardEvent, from: string) => {
    const all = days.map(({ day }) => day)
    const steps: Record<string, number> = { ArrowLeft: 1, ArrowUp: 1, ArrowRight: -1, ArrowDown: -1 }
    const step = steps[event.key]
    const to =
      event.key === 'Home' ? shown[0] : event.key === 'End' ? shown.at(-1) : step && all[all.indexOf(from) + step]
    if (!to) return
    event.preventDefault()
    wantsFocus.current = true
    setChosen(monthOf(to))
    setCurrent(to)
  }

  const arrow = (by: -1 | 1, label: string, isPossible: boolean) => (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={label}
      title={label}
      disabled={!isPossible}
      onClick={() => setChosen(shifted(month, by))}
    >
      <svg
        width="18"
        height="18"
        viewBox="0 0 20 20"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        aria-hidden="true"
      >
        <path d={by < 0 ? 'm12.5 5-5 5 5 5' : 'm7.5 5 5 5-5 5'} />
      </svg>
    </ActionIcon>
  )

  return (
    <Card>
      <div className="hfv-month-head">
        {arrow(-1, t('versions.month.before'), compareMonths(month, monthOf(oldest)) > 0)}
        <h2 aria-live="polite">{monthTitle(month, locale)}</h2>
        {arrow(1, t('versions.month.after'), compareMonths(month, monthOf(newest)) < 0)}
      </div>
      <table className="hfv-month" ref={table}>
        <caption className="hf-hidden">
          {t('versions.calendar')}, {monthTitle(month, locale)}. {t('versions.calendarHint')}
        </caption>
        <thead>
          <tr>
            {weekdayNames(locale, firstDay).map(({ short, long }) => (
              <th key={long} scope="col" abbr={long}>
                {short}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((week, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: weeks never move
            <tr key={i}>
              {week.map((cell, j) => {
                // biome-ignore lint/suspicious/noArrayIndexKey: days never move
                if (!cell) return <td key={j} />
                const day = byDay.get(cell.key)
                if (!day) {
                  return (
                    <td key={cell.key} className="hf-quiet">
                      {cell.number}
                    </td>
                  )
                }
                const text = [
                  t('versions.dayLabel', { day: format.day(day.at), count: day.versions.length }),
                  ...(day.damaged > 0 ? [t('versions.dayDamaged', { count: day.damaged })] : []),
                ].join(', ')
                return (
                  <td key={cell.key}>
                    <button
                      type="button"
                      data-day={cell.key}
                      className="hfv-month-day"
                      aria-label={text}
                      title={text}
                      tabIndex={cell.key === stop ? 0 : -1}
                      onKeyDown={event => move(event, cell.key)}
                      onClick={() => {
                        setCurrent(cell.key)
                        onDay(cell.key)
                      }}
                    >
                      {cell.number}
                      <span className="hfv-dots" aria-hidden="true">
                        {day.damaged > 0 ? (
                          <WarningIcon size={11} />
                        ) : (
                          Array.from({ length: Math.min(mostDots, day.versions.length) }, (_, dot) => (
                            // biome-ignore lint/suspicious/noArrayIndexKey: dots are all the same
                            <span key={dot} className="hfv-dot" />
                          ))
                        )}
                      </span>
                    </button>
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length === 0 && <p className="hf-quiet hf-small">{t('versions.noneInMonth')}</p>}
    </Card>
  )
}
