import { between, everything, joinedWith, nothing, only, type Selection, toggled } from './selection.ts'

/** What keys and clicks do to a list of which one entry is active and several may be selected. Pure. */

export interface GridState {
  selection: Selection
  /** Has the focus within the list. */
  active: number
  /** Where a stretch that Shift makes begins. */
  anchor: number
}

export const firstState: GridState = { selection: nothing, active: 0, anchor: 0 }

export interface Modifiers {
  shiftKey: boolean
  /** Ctrl, or Command. */
  ctrlKey: boolean
}

const withActive = (state: GridState, place: number, { shiftKey }: Modifiers): GridState =>
  shiftKey
    ? { ...state, active: place, selection: joinedWith(state.selection, between(state.anchor, place)) }
    : { ...state, active: place, anchor: place }

/** `pageRows` is how many rows the window shows. Null for keys that mean nothing here. */
export function afterKey(
  state: GridState,
  key: string,
  modifiers: Modifiers,
  total: number,
  pageRows: number,
): GridState | null {
  if (total === 0) return null
  const to = (place: number) => withActive(state, Math.max(0, Math.min(total - 1, place)), modifiers)
  switch (key) {
    case 'ArrowDown':
      return to(state.active + 1)
    case 'ArrowUp':
      return to(state.active - 1)
    case 'PageDown':
      return to(state.active + pageRows)
    case 'PageUp':
      return to(state.active - pageRows)
    case 'Home':
      return to(0)
    case 'End':
      return to(total - 1)
    case ' ':
      return { ...state, anchor: state.active, selection: toggled(state.selection, state.active) }
    case 'a':
    case 'A':
      return modifiers.ctrlKey ? { ...state, selection: everything(total) } : null
    case 'Escape':
      return state.selection.count === 0 ? null : { ...state, selection: nothing }
    default:
      return null
  }
}

/** A click on a row selects it alone; with Ctrl it adds or takes away, with Shift it takes all up to there. */
export function afterClick(state: GridState, place: number, { shiftKey, ctrlKey }: Modifiers): GridState {
  if (shiftKey) {
    const stretch = between(state.anchor, place)
    return { ...state, active: place, selection: ctrlKey ? joinedWith(state.selection, stretch) : stretch }
  }
  return { active: place, anchor: place, selection: ctrlKey ? toggled(state.selection, place) : only(place) }
}

/** A click on the box of a row. */
export const afterBox = (state: GridState, place: number, { shiftKey }: Modifiers): GridState =>
  shiftKey
    ? { ...state, active: place, selection: joinedWith(state.selection, between(state.anchor, place)) }
    : { active: place, anchor: place, selection: toggled(state.selection, place) }
