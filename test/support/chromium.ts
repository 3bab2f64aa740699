import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Undefined when it is not installed. */
export const chromiumProgram = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
)

/** Why no page can be printed here; undefined when it can. */
export const noChromium: string | undefined = chromiumProgram === undefined ? 'Chromium is not installed' : undefined

export interface PrintedPage {
  pages: number
  /** In points, 1/72 inch. */
  widthPoints: number
  heightPoints: number
}

/** Prints a page as Chromium does, to a PDF in the folder. */
export function printPage(html: string, folder: string): PrintedPage {
  const pdf = runChromium(html, folder, 'page.pdf', path => [
    '--no-pdf-header-footer',
    `--print-to-pdf=${path}`,
  ]).toString('latin1')
  const [, width, height] = /\/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf) ?? []
  return {
    pages: pdf.match(/\/Type ?\/Page\b/g)?.length ?? 0,
    widthPoints: Number(width),
    heightPoints: Number(height),
  }
}

/** A picture (PNG) of a page, on a desktop with light or dark colours. */
export function photographPage(html: string, folder: string, desktop: 'light' | 'dark'): Buffer {
  const dark = [
    '--force-dark-mode',
    '--enable-features=WebContentsForceDark',
    '--blink-settings=preferredColorScheme=0',
  ]
  return runChromium(html, folder, 'page.png', path => [
    ...(desktop === 'dark' ? dark : []),
    '--window-size=820,1150',
    `--screenshot=${path}`,
  ])
}

function runChromium(
  html: string,
  folder: string,
  name: 'page.pdf' | 'page.png',
  options: (output: string) => string[],
): Buffer {
  const [page, output] = [join(folder, 'page.html'), join(folder, name)]
  writeFileSync(page, html)
  rmSync(output, { force: true })
  const always = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${join(folder, 'profile')}`]
  const result = spawnSync(chromiumProgram!, [...always, ...options(output), `file://${page}`], {
    encoding: 'utf8',
    timeout: 25_000,
  })
  if (result.status !== 0 || !existsSync(output)) throw new Error(`Chromium showed nothing: ${result.stderr}`)
  return readFileSync(output)
}
