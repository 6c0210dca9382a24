/** Texts with {label} in them, label patterns, and series written for a message. */
import type { Labels, Sample } from '../../models/exposition/format.ts'

const SERIES_CHARS_MAX = 300

/** Puts label values in; {a|b} takes the first label that is there. Undefined when none is. */
export function resolveTemplate(template: string, labels: Labels): string | undefined {
  let isMissing = false
  const text = template.replace(/\{([^{}]*)\}/g, (_, names: string) => {
    const name = names.split('|').find((candidate) => labels.has(candidate))
    if (name === undefined) isMissing = true
    return labels.get(name ?? '') ?? ''
  })
  return isMissing ? undefined : text
}

/** Whether each label has one of its values; `*` at an end of a value stands for anything. */
export function matchesLabels(labels: Labels, where: Readonly<Record<string, readonly string[]>>): boolean {
  return Object.entries(where).every(([name, patterns]) => {
    const value = labels.get(name) ?? ''
    return patterns.some((pattern) => matchesPattern(value, pattern))
  })
}

function matchesPattern(value: string, pattern: string): boolean {
  const isOpenBefore = pattern.startsWith('*')
  const isOpenAfter = pattern.length > 1 && pattern.endsWith('*')
  const core = pattern.slice(isOpenBefore ? 1 : 0, isOpenAfter ? -1 : undefined)
  if (isOpenBefore && isOpenAfter) return value.includes(core)
  if (isOpenBefore) return value.endsWith(core)
  return isOpenAfter ? value.startsWith(core) : value === core
}

/** `name{a="b"}`, cut at 300 characters. */
export function seriesText(sample: Sample | undefined): string {
  if (sample === undefined) return ''
  const labels = [...sample.labels].map(([name, value]) => `${name}=${JSON.stringify(value)}`).join()
  const text = labels === '' ? sample.name : `${sample.name}{${labels}}`
  return text.length > SERIES_CHARS_MAX ? `${text.slice(0, SERIES_CHARS_MAX)}…` : text
}
