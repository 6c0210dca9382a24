/**
 * What is downloaded or built once and used by every lab: a folder per content, outside the work tree.
 *
 * A folder appears under its name only when it is complete, and one process at a time makes it.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'

/** Tells a person what takes long. */
export type Progress = (message: string) => void

/** Where nobody reads it, as in tests. */
export const silent: Progress = () => {}

export interface CacheKey {
  readonly name: string
  /** Whatever the content follows from: another key, another folder. */
  readonly key: string
}

export const cacheDir = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'edgetwin', 'lab')

/** @returns the folder that `make` filled, now or long ago. */
export async function cached({ name, key }: CacheKey, make: (dir: string) => Promise<void>): Promise<string> {
  const dir = join(cacheDir(), `${name}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`)
  if (existsSync(dir)) return dir
  return withLock(`${dir}.lock`, async () => {
    if (existsSync(dir)) return dir
    const unfinished = `${dir}.unfinished`
    rmSync(unfinished, { recursive: true, force: true })
    mkdirSync(unfinished, { recursive: true })
    await make(unfinished)
    renameSync(unfinished, dir)
    return dir
  })
}

/** Runs `work` while nobody else, here or in another process, does so with the same `file`. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true })
  // Node has no file locks; SQLite's are the system's own, which a process cannot leave behind when it is killed.
  const lock = new DatabaseSync(file, { timeout: 0 })
  try {
    while (!take(lock)) await sleep(100)
    return await work()
  } finally {
    lock.close()
  }
}

const SQLITE_BUSY = 5

function take(lock: DatabaseSync): boolean {
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    // Not instanceof: in a test Node's own errors are of another realm.
    if (Object(error).errcode === SQLITE_BUSY) return false
    throw error
  }
}
