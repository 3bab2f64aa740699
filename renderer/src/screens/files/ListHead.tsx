// biome-ignore-all lint/a11y: a table element cannot be drawn in part; the grid alone has the focus, and keys do all that clicks do
import type { MessageKey } from '../../i18n/language.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'

export type Order = 'name' | 'size' | 'modified'

export interface Sorting {
  order: Order
  descending: boolean
}

const orders = ['name', 'size', 'modified'] as const satisfies readonly Order[]

/** The head of a folder; a press on a column sorts by it, and once more the other way round. */
export function ListHead({ sorting, onSort }: { sorting: Sorting; onSort(sorting: Sorting): void }) {
  const { t } = useSpeech()
  return (
    <div role="row" className="hff-row hff-head" aria-rowindex={1}>
      <span role="columnheader" aria-colindex={1} className="hff-cell-box">
        <span className="hf-hidden">{t('files.column.select')}</span>
      </span>
      {orders.map((order, i) => {
        const isSorted = sorting.order === order
        const word = t(`files.column.${order}` satisfies MessageKey)
        return (
          <span
            key={order}
            role="columnheader"
            aria-colindex={i + 2}
            aria-sort={isSorted ? (sorting.descending ? 'descending' : 'ascending') : 'none'}
            className={`hff-cell-${order}`}
          >
            <button
              type="button"
              className="hff-sort"
              title={t('files.sortBy', { column: word })}
              onClick={() => onSort({ order, descending: isSorted ? !sorting.descending : order !== 'name' })}
            >
              {word}
              <span aria-hidden="true">{isSorted ? (sorting.descending ? ' ↓' : ' ↑') : ''}</span>
            </button>
          </span>
        )
      })}
    </div>
  )
}
