/**
 * Every colour, distance and size of the screens. Components use the CSS variables that are made of these (`--hf-…`), and
 * Mantine's own, which theme.ts derives from them.
 */

/** One accent, a deep teal; from lightest to darkest, as Mantine wants it. */
export const teal = [
  '#e9f6f6',
  '#d3eaea',
  '#a9d5d6',
  '#7bbfc1',
  '#55acaf',
  '#3a9a9e',
  '#22868a',
  '#146d72',
  '#0d585d',
  '#074248',
] as const

/** Quiet greys of dark mode; from text to the deepest ground. */
export const darkGreys = [
  '#e3e7ea',
  '#c3cad0',
  '#a2abb3',
  '#828c95',
  '#57616a',
  '#3b444c',
  '#2c343b',
  '#20272d',
  '#191f24',
  '#12171b',
] as const

/** How a thing is protected. Always shown with a word or an icon, and in the disk map with a pattern. */
export const protections = ['protected', 'waiting', 'attention', 'danger', 'none'] as const
export type Protection = (typeof protections)[number]

interface Shade {
  /** Text and icons on the page. */
  text: string
  /** Areas in pictures. */
  fill: string
  /** Quiet ground behind text of that shade. */
  soft: string
}

type Palette = Record<Protection, Shade> & {
  page: string
  bar: string
  card: string
  line: string
  text: string
  quiet: string
  accent: string
}

export const light: Palette = {
  page: '#f6f7f8',
  bar: '#eef0f2',
  card: '#ffffff',
  line: '#d9dee2',
  text: '#1c2429',
  quiet: '#55616b',
  accent: '#146d72',
  protected: { text: '#17693f', fill: '#5bb08a', soft: '#e5f4ec' },
  waiting: { text: '#355c8a', fill: '#8fb0d6', soft: '#e8f0f9' },
  attention: { text: '#7d5200', fill: '#e0b04c', soft: '#fdf3dc' },
  danger: { text: '#a32f22', fill: '#d9776b', soft: '#fbe9e7' },
  none: { text: '#55616b', fill: '#c3cbd1', soft: '#edf0f2' },
}

export const dark: Palette = {
  page: '#12171b',
  bar: '#191f24',
  card: '#1d2429',
  line: '#343d45',
  text: '#e3e7ea',
  quiet: '#a2abb3',
  accent: '#55acaf',
  protected: { text: '#7fd1a6', fill: '#3f8f6b', soft: '#1b3328' },
  waiting: { text: '#9dc1ea', fill: '#4d74a1', soft: '#1d2c3d' },
  attention: { text: '#e9c26b', fill: '#a97f24', soft: '#362c15' },
  danger: { text: '#f2a196', fill: '#b4564a', soft: '#3d211e' },
  none: { text: '#a2abb3', fill: '#4b555e', soft: '#262e34' },
}

/** Where people ask for more contrast, these replace the ones above. */
export const lightContrast: Partial<Palette> = { page: '#ffffff', line: '#5c666e', text: '#000000', quiet: '#26303a' }
export const darkContrast: Partial<Palette> = {
  page: '#000000',
  card: '#0b0e10',
  line: '#a2abb3',
  text: '#ffffff',
  quiet: '#dfe5ea',
}

/** Distances in pixels. */
export const spacing = { xs: 6, sm: 10, md: 16, lg: 24, xl: 36 } as const
export const radii = { xs: 3, sm: 5, md: 8, lg: 12, xl: 18 } as const
export const fontSizes = { xs: 12, sm: 14, md: 15, lg: 17, xl: 20 } as const

export const fontFamily =
  "system-ui, 'Cantarell', 'Ubuntu', 'Noto Sans', -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
export const monospace = "ui-monospace, 'DejaVu Sans Mono', 'Ubuntu Mono', monospace"

const protectionVariables = (palette: Partial<Palette>): [string, string][] =>
  protections.flatMap(name => {
    const shade = palette[name]
    if (!shade) return []
    return [
      [`--hf-${name}-text`, shade.text],
      [`--hf-${name}-fill`, shade.fill],
      [`--hf-${name}-soft`, shade.soft],
    ] satisfies [string, string][]
  })

/** A palette as CSS variables, without those that it does not have. */
export function paletteVariables(palette: Partial<Palette>): Record<string, string> {
  const named = (['page', 'bar', 'card', 'line', 'text', 'quiet', 'accent'] as const).flatMap(name => {
    const value = palette[name]
    return value === undefined ? [] : [[`--hf-${name}`, value] as [string, string]]
  })
  return Object.fromEntries([...named, ...protectionVariables(palette)])
}
