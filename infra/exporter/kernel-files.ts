/** Reads the small files in which the kernel says things. What is not there, not readable or not a number is undefined, never 0. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

export function readText(path: string): string | undefined {
  try {
    // Device trees end their texts with a zero byte.
    return readFileSync(path, 'utf8').replaceAll('\0', '').trim()
  } catch {
    return undefined
  }
}

/** A file that holds one number, divided by what makes the kernel's unit ours. */
export function readScaled(path: string, divisor = 1): number | undefined {
  const text = readText(path)
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) / divisor : undefined
}

/** Sorted as people count: card2 before card10. */
export function list(directory: string, pattern: RegExp): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => pattern.test(name))
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  } catch {
    return []
  }
}

/** The last part of where a link leads: the driver behind `device/driver`. */
export function linkName(path: string): string | undefined {
  try {
    return basename(readlinkSync(path))
  } catch {
    return undefined
  }
}

/** Fields that are known, so that the unknown is absent. */
export function known<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
