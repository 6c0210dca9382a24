/**
 * Reads site files. Whatever is wrong in one is told at once, each fault with its line, column and field.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml'
import { nearestNames, TwinError } from '../../models/errors.ts'
import { disagreements, type SiteDescription, siteShape } from './site-description.ts'

export interface SiteFault {
  readonly line: number
  readonly column: number
  readonly field: string
  readonly reason: string
}

const SITES_DIRECTORY = join(import.meta.dirname, 'sites')

export function builtInSites(): string[] {
  return readdirSync(SITES_DIRECTORY)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort()
}

/**
 * @param nameOrPath A built-in site's name, or the path of a YAML file (anything with a `/` or an ending).
 * @throws TwinError SITE_UNKNOWN, SITE_INVALID
 */
export function loadSite(nameOrPath: string): SiteDescription {
  const isPath = /[/\\]|\.ya?ml$/.test(nameOrPath)
  const known = builtInSites()
  if (!isPath && !known.includes(nameOrPath)) {
    const near = nearestNames(nameOrPath, known)
    const meant = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `use ${known.join(' or ')}, or the path of a .yaml file.`
    throw new TwinError(
      'SITE_UNKNOWN',
      `There is no simulated site "${nameOrPath}" in ${SITES_DIRECTORY}; ${meant} A real cluster is asked for with --cluster kubernetes.`,
      {
        details: { site: nameOrPath, known, near },
      },
    )
  }
  const file = isPath ? nameOrPath : join(SITES_DIRECTORY, `${nameOrPath}.yaml`)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new TwinError('SITE_UNKNOWN', `The site file ${file} cannot be read; name a file that exists, or use ${known.join(' or ')}.`, {
      details: { site: nameOrPath, file, known },
      cause,
    })
  }
  return parseSite(text, file)
}

/** @throws TwinError SITE_INVALID with all faults in `details.faults`, the first in the message. */
export function parseSite(text: string, file: string): SiteDescription {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const refuse = (faults: readonly SiteFault[]): never => {
    const [first] = faults
    const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : ''
    const where = first ? `${file}:${first.line}:${first.column}, ${first.field || 'the file'}: ${first.reason}` : file
    throw new TwinError('SITE_INVALID', `${where}${more}. Correct the file; connectors/simulated-site/sites/dhs.yaml is an example.`, {
      details: { file, ...first, faults },
    })
  }
  if (document.errors.length > 0) {
    refuse(
      document.errors.map(({ pos, message }) => {
        const { line, col } = lines.linePos(pos[0])
        return { line, column: col, field: '', reason: message.split(/ at line |\n/)[0] ?? 'not YAML' }
      }),
    )
  }
  const faultAt = (path: readonly PropertyKey[], reason: string): SiteFault => {
    const { line, col } = lines.linePos(offsetOf(document, path))
    return { line, column: col, field: path.map(String).join('.'), reason }
  }
  const parsed = siteShape.safeParse(plainOf(document, (reason) => refuse([faultAt([], reason)])))
  if (parsed.success) {
    const faults = disagreements(parsed.data).map(({ path, reason }) => faultAt(path, reason))
    return faults.length > 0 ? refuse(faults) : parsed.data
  }
  return refuse(
    parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => faultAt([...issue.path, key], 'no such field'))
        : [faultAt(issue.path, issue.message)],
    ),
  )
}

/** Where the thing at `path` stands; what is missing has no place, but what should hold it has. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const inside = path.slice(0, depth)
    const parent = depth > 0 ? document.getIn(inside.slice(0, -1), true) : null
    // A field is shown at its name, an item of a list at its first character.
    const key = isMap(parent) ? parent.items.find((pair) => isScalar(pair.key) && pair.key.value === inside.at(-1))?.key : undefined
    const node = key ?? document.getIn(inside, true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}

/** Aliases may blow up a small text; then it is refused like any other fault. */
function plainOf(document: Document, refuse: (reason: string) => never): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    return refuse(error instanceof Error ? error.message : 'its aliases cannot be resolved')
  }
}
