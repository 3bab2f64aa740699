import type { ReactNode } from 'react'

/** More characters than this have a line of their own. */
const longValue = 60

/** Facts about a thing side by side, each with its name above it. Those without a value are left out. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="hf-fact-grid">
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== false)
        .map(([name, value]) => (
          <div key={name} data-long={(typeof value === 'string' && value.length > longValue) || undefined}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
