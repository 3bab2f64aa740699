/**
 * Keeps the focus where somebody works. A button that is at work cannot have it meanwhile, and gets it back. When what had it goes away
 * and nothing else took it, what is around it in its card gets it, else the heading of the screen: readers of screens hear what has come
 * of it, and Tab goes on from there. Dialogs give it back by themselves.
 */
export function keepFocus(page: Document): void {
  let last: Element | null = null
  /** What was around it, the nearest first. */
  let around: Element[] = []
  const isFree = () => page.activeElement === null || page.activeElement === page.body

  page.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof Element)) return
    last = target
    around = []
    for (let one = target.parentElement; one; one = one.parentElement) around.push(one)
  })
  page.addEventListener('focusout', ({ target }) => {
    // Whoever clicks beside everything wants it nowhere. What is removed or at work loses it, too, but not by a wish.
    queueMicrotask(() => {
      if (target === last && last?.isConnected && !last.matches(':disabled') && isFree()) last = null
    })
  })
  const look = () => {
    if (last === null || !isFree()) return
    if (last.isConnected) {
      if (last instanceof HTMLElement && !last.matches(':disabled')) last.focus({ preventScroll: true })
      return
    }
    last = null
    if (around.some(one => one.matches('[role="dialog"]'))) return
    const nearest = around.find(one => one.isConnected)
    const heading = page.querySelector<HTMLElement>('h1')
    if (!(nearest instanceof HTMLElement) || nearest.closest('.hf-card') === null) {
      heading?.focus({ preventScroll: true })
      return
    }
    if (!nearest.hasAttribute('tabindex')) nearest.tabIndex = -1
    nearest.focus({ preventScroll: true })
  }
  new MutationObserver(look).observe(page, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['disabled'],
  })
}
