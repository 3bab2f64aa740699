import { describe, expect, it } from 'vitest'
import { variablesSheet } from '../../renderer/src/theme/theme.ts'
import { dark, light, protections } from '../../renderer/src/theme/tokens.ts'

/** Of WCAG 2.2, for text of the usual size. */
const least = 4.5

/** Relative luminance of '#rrggbb', as WCAG defines it. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map(at => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [darker, lighter] = [luminance(one), luminance(other)].toSorted((a, b) => a - b) as [number, number]
  return (lighter + 0.05) / (darker + 0.05)
}

const sheet = variablesSheet()
const valuesOf = (name: string): string[] =>
  [...sheet.matchAll(new RegExp(`${name}: ([^;]*);`, 'g'))].map(([, value]) => {
    const other = /^var\((--[\w-]+)\)$/.exec(value!)?.[1]
    return other === undefined ? value! : valuesOf(other)[0]!
  })

describe('text can be read', () => {
  it('on filled buttons, in light and dark, also under the pointer', () => {
    const fills = [...valuesOf('--mantine-color-teal-filled'), ...valuesOf('--mantine-color-teal-filled-hover')]
    expect(fills).toHaveLength(4)
    for (const fill of fills) expect(contrast('#ffffff', fill), fill).toBeGreaterThan(least)
  })

  it.each([
    ['light', light],
    ['dark', dark],
  ] as const)('on every ground, %s', (_, palette) => {
    for (const ground of [palette.page, palette.bar, palette.card]) {
      for (const text of [palette.text, palette.quiet, palette.accent]) {
        expect(contrast(text, ground), `${text} on ${ground}`).toBeGreaterThan(least)
      }
    }
    for (const protection of protections) {
      const { text, soft } = palette[protection]
      expect(contrast(text, soft), protection).toBeGreaterThan(least)
    }
  })
})
