/** Looks into a real InfluxDB past our own adapter, and the texts that its client is known to escape wrongly. */
import { readFileSync } from 'node:fs'
import type { InfluxLab } from '../lab/influx.ts'

export interface InfluxAdmin {
  readonly password: string
  /** Rows of all series. */
  ask(text: string, database?: string): Promise<unknown[][]>
  write(line: string, database: string): Promise<void>
  drop(database: string): Promise<void>
}

export function adminOf({ url, username, passwordFile }: InfluxLab): InfluxAdmin {
  const password = readFileSync(passwordFile, 'utf8').trim()
  const headers = { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
  const ask = async (text: string, database = ''): Promise<unknown[][]> => {
    const body = new URLSearchParams({ q: text, db: database, epoch: 'ms' })
    const answer = await (await fetch(`${url}/query`, { method: 'POST', headers, body })).json()
    const { error, series = [] } = answer.results[0]
    if (error !== undefined) throw new Error(error)
    return series.flatMap((one: { values: unknown[][] }) => one.values)
  }
  return {
    password,
    ask,
    async write(line, database) {
      const answer = await fetch(`${url}/write?db=${database}&rp=raw&precision=ms`, { method: 'POST', headers, body: line })
      if (!answer.ok) throw new Error(await answer.text())
    },
    drop: async (database) => void (await ask(`DROP DATABASE "${database}"`)),
  }
}

/** Ways out of a tag, a field, a line, a string, a query, a name; each alone and in disguise. */
export function hostilePayloads(): readonly string[] {
  const cores = [
    "x' OR v > 0 --",
    "x\\' \\' OR v > 0 --",
    "' OR '1'='1",
    "'; DROP DATABASE t1; --",
    '"; DROP MEASUREMENT "node"; --',
    'a\nforged v=666',
    'a\r\nforged v=666',
    'a v=1\nforged2,site=lab v=666',
    'a,site=other',
    'a=b',
    'a b',
    'a\\',
    'a\\\\',
    'a\\,b',
    'a\\ b=c',
    '"quoted"',
    '$name',
    '$<name>',
    '=~ /.*/',
    '/.*/',
    '*',
    '.*',
    '__proto__',
    'constructor',
    'toString',
    'name',
    'time',
    '#comment',
    '%0aforged v=666',
    '\u2028forged v=1',
    '\u0085forged v=1',
    '\u0000',
    '\ud800',
    'é\u0301🎥',
    '<script>alert(1)</script>',
    `${'x'.repeat(250)}\\'`,
    'y'.repeat(70_000),
    '1i',
    'true',
    'NaN',
  ]
  const disguises: readonly ((text: string) => string)[] = [
    (text) => text,
    (text) => `pi-1${text}`,
    (text) => `${text}\\`,
    (text) => `${text}'${text}`,
    (text) => `,${text} 1=2`,
    (text) => `"${text}" ${text}\n`,
  ]
  return disguises.flatMap((disguise) => cores.map(disguise))
}
