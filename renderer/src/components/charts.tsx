import { useId } from 'react'
import { useSpeech } from '../i18n/useSpeech.ts'
import type { Protection } from '../theme/tokens.ts'
import { protectionIcons } from './StateBadge.tsx'

/** Small pictures of numbers. Each comes with a table that says the same. */

export interface ChartPoint {
  /** What stands beside the value in the table: a date. */
  label: string
  value: number
}

interface ChartProps {
  title: string
  points: readonly ChartPoint[]
  /** Writes a value, such as a size. */
  write(value: number): string
}

const width = 600

/** Corners of a line through the points, in a box of `width` × height with room for the stroke. Empty for no points. */
export function linePoints(values: readonly number[], height: number, fromZero: boolean): [number, number][] {
  const top = Math.max(...values)
  const bottom = fromZero ? Math.min(0, ...values) : Math.min(...values)
  const range = top - bottom || 1
  return values.map((value, i) => [
    values.length === 1 ? width : (i / (values.length - 1)) * width,
    2 + (1 - (value - bottom) / range) * (height - 4),
  ])
}

const pathOf = (corners: readonly [number, number][]): string =>
  corners.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('')

/** A line without axes, in a line of text or a card. */
export function Sparkline({ title, points, write }: ChartProps) {
  if (points.length < 2) return null
  const corners = linePoints(
    points.map(({ value }) => value),
    32,
    false,
  )
  return (
    <figure className="hf-chart">
      <svg viewBox={`0 0 ${width} 32`} preserveAspectRatio="none" height="32" aria-hidden="true">
        <path d={pathOf(corners)} className="hf-chart-line" />
      </svg>
      <ChartTable title={title} points={points} write={write} />
    </figure>
  )
}

/** A filled line from zero, with the greatest value and both ends written beside it. */
export function AreaChart({ title, points, write }: ChartProps) {
  if (points.length === 0) return null
  const height = 140
  const corners = linePoints(
    points.map(({ value }) => value),
    height,
    true,
  )
  const [first, last] = [points[0]!, points.at(-1)!]
  const area = `${pathOf(corners)}L${corners.at(-1)![0]} ${height}L${corners[0]![0]} ${height}Z`
  return (
    <figure className="hf-chart">
      <figcaption className="hf-chart-top">
        <span>{title}</span>
        <span>{write(Math.max(...points.map(({ value }) => value)))}</span>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" height={height} aria-hidden="true">
        <path d={area} className="hf-chart-area" />
        <path d={pathOf(corners)} className="hf-chart-line" />
      </svg>
      <div className="hf-chart-ends" aria-hidden="true">
        <span>{first.label}</span>
        <span>{last.label}</span>
      </div>
      <ChartTable title={title} points={points} write={write} />
    </figure>
  )
}

function ChartTable({ title, points, write }: ChartProps) {
  const { t } = useSpeech()
  return (
    <table className="hf-hidden">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">{t('chart.when')}</th>
          <th scope="col">{t('chart.value')}</th>
        </tr>
      </thead>
      <tbody>
        {points.map(({ label, value }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: points have no names of their own and never move
          <tr key={i}>
            <th scope="row">{label}</th>
            <td>{write(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

export interface StripBar {
  /** Below the bar, short: "Thu". */
  label: string
  state: Protection
  /** In full: "Thursday, 26 November: 2 backups, complete". */
  text: string
}

/** One bar for each day, coloured by how it went, with a sign of the same meaning. */
export function BarStrip({ title, bars }: { title: string; bars: readonly StripBar[] }) {
  const id = useId()
  return (
    <div>
      <div id={id} className="hf-hidden">
        {title}
      </div>
      <ol className="hf-strip" aria-labelledby={id}>
        {bars.map(({ label, state, text }) => {
          const Sign = protectionIcons[state]
          return (
            <li key={text} title={text}>
              <span className="hf-strip-bar" data-protection={state} aria-hidden="true">
                <Sign size={16} />
              </span>
              <span className="hf-strip-label" aria-hidden="true">
                {label}
              </span>
              <span className="hf-hidden">{text}</span>
            </li>
          )
        })}
      </ol>
    </div>
  )
}
