/**
 * Health check of our containers: exit code 0 when the URL answers well, else 1 with what it answered.
 * The token is that of the given file or of the environment, as only who has it may ask.
 */
import { readFileSync } from 'node:fs'

const [url, tokenFile] = process.argv.slice(2)
const TIMEOUT_MS = 3_500

try {
  if (url === undefined) throw new Error('usage: healthy.ts URL [TOKEN_FILE]')
  const token = tokenFile === undefined ? process.env.EDGETWIN_TOKEN : readFileSync(tokenFile, 'utf8').trim()
  const headers = token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` }
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${answer.status}: ${text}`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
