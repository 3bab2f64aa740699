import {
  type CSSVariablesResolver,
  convertCssVariables,
  createTheme,
  DEFAULT_THEME,
  defaultCssVariablesResolver,
  type ModalProps,
  mergeMantineTheme,
} from '@mantine/core'
import {
  dark,
  darkContrast,
  darkGreys,
  fontFamily,
  fontSizes,
  light,
  lightContrast,
  monospace,
  paletteVariables,
  radii,
  spacing,
  teal,
} from './tokens.ts'

const inRem = <Key extends string>(sizes: Readonly<Record<Key, number>>): Record<Key, string> =>
  Object.fromEntries(Object.entries<number>(sizes).map(([key, pixels]) => [key, `${pixels / 16}rem`])) as Record<
    Key,
    string
  >

export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: 7,
  colors: { teal, dark: darkGreys },
  fontFamily,
  fontFamilyMonospace: monospace,
  fontSizes: inRem(fontSizes),
  spacing: inRem(spacing),
  radius: inRem(radii),
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  headings: { fontFamily, fontWeight: '600', sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.125rem' } } },
  // Not by what Modal.extend gives: the theme is needed before any dialogue is.
  components: {
    // Locking the scroll of the page writes a style element, which the content policy forbids. The dialogue covers it anyway.
    Modal: { defaultProps: { lockScroll: false, centered: true } satisfies Partial<ModalProps> },
  },
})

const resolver: CSSVariablesResolver = merged => {
  const variables = defaultCssVariablesResolver(merged)
  const ours = (palette: typeof light) => ({
    ...paletteVariables(palette),
    '--mantine-color-body': palette.page,
    '--mantine-color-text': palette.text,
    '--mantine-color-dimmed': palette.quiet,
    '--mantine-color-default': palette.card,
    '--mantine-color-default-border': palette.line,
    '--mantine-color-placeholder': palette.quiet,
    '--mantine-color-error': palette.danger.text,
    // Outlined and plain red buttons; Mantine's own red is too pale to be read on white.
    '--mantine-color-red-outline': palette.danger.text,
    '--mantine-color-red-light-color': palette.danger.text,
    '--mantine-color-anchor': palette.accent,
  })
  return {
    variables: variables.variables,
    light: { ...variables.light, '--mantine-color-scheme': 'light', ...ours(light) },
    dark: { ...variables.dark, '--mantine-color-scheme': 'dark', ...ours(dark) },
  }
}

const asCss = (variables: Record<string, string>): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}:${value};`)
    .join('')

/** All variables as a style sheet. Mantine would write a style element; the content policy lets only sheets pass that a script makes. */
export function variablesSheet(): string {
  const plain = convertCssVariables(resolver(mergeMantineTheme(DEFAULT_THEME, theme)), ':root')
  const contrast = `@media (prefers-contrast: more){
:root[data-mantine-color-scheme="light"]{${asCss(paletteVariables(lightContrast))}--mantine-color-body:#fff;--mantine-color-text:#000;--mantine-color-dimmed:${lightContrast.quiet};--mantine-color-default-border:${lightContrast.line};}
:root[data-mantine-color-scheme="dark"]{${asCss(paletteVariables(darkContrast))}--mantine-color-body:#000;--mantine-color-text:#fff;--mantine-color-dimmed:${darkContrast.quiet};--mantine-color-default-border:${darkContrast.line};}
}`
  return `${plain}\n${contrast}`
}

/** Puts the variables into a document, once. */
export function adoptTheme(document: Document): void {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(variablesSheet())
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
}
