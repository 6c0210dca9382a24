/** Colours for the charts from the style sheet, so that both themes have one home. */
import type { Tone } from '../map/signs.ts'
import { type Palette, readPalette } from '../palette.ts'

export interface ChartColours {
  readonly palette: Palette
  /** Behind the lines: a mode's, by its tone. What is as it should be has none. */
  readonly soft: Readonly<Record<Tone, string>>
}

export function readChartColours(element: Element): ChartColours {
  const style = getComputedStyle(element)
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    palette: readPalette(element),
    soft: {
      good: 'transparent',
      accent: read('accent-soft'),
      warn: read('warn-soft'),
      bad: read('bad-soft'),
      muted: read('raised'),
      faint: read('raised'),
    },
  }
}
