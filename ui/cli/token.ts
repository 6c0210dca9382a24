/** Where the server's token comes from. It is fetched when it is needed and again before it ends; nothing is written to disk. */
import { readFileSync } from 'node:fs'
import { TwinError } from '../../models/errors.ts'
import { type KubeTokenOptions, kubeToken } from './kube-token.ts'

/** undefined: none is sent. */
export type TokenSource = () => Promise<string | undefined>

export interface TokenOptions extends KubeTokenOptions {
  readonly token?: string | undefined
  readonly tokenFile?: string | undefined
}

/** Shorter than any token of a cluster lives. */
const KEPT_MS = 300_000

/** The most direct one that is named: the token itself, its file, the kubeconfig. */
export function tokenSource({ token, tokenFile, ...kube }: TokenOptions): TokenSource {
  if (token !== undefined) return async () => token
  if (tokenFile !== undefined) return async () => readToken(tokenFile)
  if (kube.kubeconfig === undefined && kube.context === undefined && kube.serviceAccount === undefined) return async () => undefined
  let kept: { readonly token: Promise<string>; readonly untilMs: number } | null = null
  return () => {
    if (kept !== null && Date.now() < kept.untilMs) return kept.token
    const token = kubeToken(kube)
    kept = { token, untilMs: Date.now() + KEPT_MS }
    token.catch(() => {
      kept = null
    })
    return token
  }
}

function readToken(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new TwinError('CONFIG_INVALID', `cannot read the token file ${file}; check the path and its rights`, { cause })
  }
  if (text !== '') return text
  throw new TwinError('CONFIG_INVALID', `the token file ${file} is empty; put the token in it`)
}
