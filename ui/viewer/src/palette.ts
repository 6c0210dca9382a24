/** Colours for the canvases, read from the style sheet so that both themes have one home. Cameras share eight that the colour-blind can tell apart. */

const NAMES = [
  'bg',
  'surface',
  'raised',
  'line',
  'line-strong',
  'text',
  'muted',
  'faint',
  'accent',
  'good',
  'warn',
  'bad',
  'util',
  'util-track',
] as const
export type Palette = Readonly<Record<(typeof NAMES)[number], string>> & { readonly cameras: readonly string[]; readonly font: string }

export const CAMERA_COLOUR_COUNT = 8

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element)
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const colours = Object.fromEntries(NAMES.map((name) => [name, read(name)])) as Record<(typeof NAMES)[number], string>
  const cameras = Array.from({ length: CAMERA_COLOUR_COUNT }, (_, index) => read(`camera-${index}`))
  return { ...colours, cameras, font: style.fontFamily }
}

/** Position of a camera among all of them, by name: its colour in every view. */
export function cameraIndexes(names: Iterable<string>): ReadonlyMap<string, number> {
  const sorted = [...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  return new Map(sorted.map((name, index) => [name, index % CAMERA_COLOUR_COUNT]))
}

/** The letter that a camera's pods carry, so that colour is never the only sign: its number, else its initial. */
export function cameraMark(name: string): string {
  return /(\d{1,2})$/.exec(name)?.[1] ?? name.slice(0, 1).toUpperCase()
}
