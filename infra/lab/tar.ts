/**
 * Writes tar archives (POSIX ustar) that depend on nothing but what is put in: entries sorted, no times, no owners' names.
 *
 * Node has no such writer, and the system's differ in how they can be told to be deterministic.
 */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { TwinError } from '../../models/errors.ts'

export interface TarEntry {
  /** Without a leading slash. */
  readonly path: string
  readonly is: 'file' | 'folder' | 'link'
  /** Such as 0o755. */
  readonly mode: number
  /** Of user and group. */
  readonly owner?: number
  /** Read only when its turn comes; of a link, where it leads. */
  readonly content?: () => Buffer
}

export interface Written {
  /** SHA-256 of the archive, in hex. */
  readonly sha256: string
  readonly sizeBytes: number
}

const BLOCK_BYTES = 512
const TYPES = { file: '0', link: '2', folder: '5' } as const

export function fileEntry(path: string, from: string, mode: number): TarEntry {
  return { path, is: 'file', mode, content: () => readFileSync(from) }
}

/** @throws TwinError LAB_FAILED for a path that the format cannot hold. */
export function writeTar(file: string, entries: readonly TarEntry[]): Written {
  const hash = createHash('sha256')
  const output = openSync(file, 'w')
  let sizeBytes = 0
  const put = (bytes: Buffer) => {
    hash.update(bytes)
    for (let from = 0; from < bytes.length; ) from += writeSync(output, bytes, from)
    sizeBytes += bytes.length
  }
  try {
    for (const entry of entries.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))) {
      const content = entry.content?.() ?? Buffer.alloc(0)
      put(header(entry, content))
      if (entry.is !== 'file') continue
      put(content)
      put(Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES))
    }
    put(Buffer.alloc(2 * BLOCK_BYTES))
  } finally {
    closeSync(output)
  }
  return { sha256: hash.digest('hex'), sizeBytes }
}

function header({ path, is, mode, owner = 0 }: TarEntry, content: Buffer): Buffer {
  const { prefix, name } = split(is === 'folder' ? `${path}/` : path)
  const target = is === 'link' ? content.toString() : ''
  if (Buffer.byteLength(target) > 100) throw tooLong(path)
  const block = Buffer.alloc(BLOCK_BYTES)
  const octal = (value: number, at: number, digits: number) => block.write(value.toString(8).padStart(digits, '0'), at)
  block.write(name, 0)
  octal(mode, 100, 7)
  octal(owner, 108, 7)
  octal(owner, 116, 7)
  octal(is === 'file' ? content.length : 0, 124, 11)
  octal(0, 136, 11)
  block.write(' '.repeat(8), 148)
  block.write(TYPES[is], 156)
  block.write(target, 157)
  block.write('ustar\u000000', 257)
  block.write(prefix, 345)
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  )
  block[154] = 0
  return block
}

/** A path of more than 100 bytes is kept in two parts, cut at a slash. */
function split(path: string): { readonly prefix: string; readonly name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path }
  for (let cut = path.indexOf('/'); cut > 0; cut = path.indexOf('/', cut + 1)) {
    const [prefix, name] = [path.slice(0, cut), path.slice(cut + 1)]
    if (name !== '' && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return { prefix, name }
  }
  throw tooLong(path)
}

const tooLong = (path: string): TwinError =>
  new TwinError('LAB_FAILED', `${path} is too long a path, or leads to one, for an archive; leave it out or rename it`)
