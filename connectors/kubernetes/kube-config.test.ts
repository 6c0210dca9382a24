/** Kubeconfigs that cannot work are refused with what is wrong, and nothing that they hold is told. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { stringify } from 'yaml'
import { TwinError } from '../../models/errors.ts'
import { credentialTrouble, loadKubeConfig } from './kube-config.ts'

const dir = mkdtempSync(join(tmpdir(), 'kube-config-'))
afterAll(() => rmSync(dir, { recursive: true }))

const SECRET = 'c2VjcmV0LW9mLWFsaWNl'
const file = (text: string): string => {
  const path = join(dir, 'kubeconfig')
  writeFileSync(path, text)
  return path
}
interface Parts {
  readonly cluster?: object
  readonly user?: object
  readonly context?: object
  readonly current?: string
}
const kubeconfig = ({ cluster = {}, user = {}, context = {}, current = 'edge' }: Parts): string =>
  file(
    stringify({
      'current-context': current,
      clusters: [{ name: 'c', cluster: { server: 'https://edge.example:6443', ...cluster } }],
      users: [{ name: 'alice', user: { token: SECRET, ...user } }],
      contexts: [{ name: 'edge', context: { cluster: 'c', user: 'alice', ...context } }],
    }),
  )
function refusalOf(load: () => unknown): TwinError {
  try {
    load()
  } catch (error) {
    if (error instanceof TwinError) return error
    throw error
  }
  throw new Error('it was taken')
}

describe('a kubeconfig', () => {
  const refused: readonly (readonly [what: string, path: () => string, said: RegExp])[] = [
    ['that is not there', () => join(dir, 'nothing'), /nothing cannot be read: ENOENT.*--kubeconfig\.$/],
    ['that is a folder', () => dir, /cannot be read: EISDIR/],
    ['that is no YAML', () => file(`token: ${SECRET}\n  a: [b`), /cannot be read: .*\(\d+:\d+\); correct it/],
    ['that is empty', () => file(''), /cannot be read: expected a document/],
    ['that is some text', () => file(SECRET), /there is no cluster in .*kubeconfig; name a kubeconfig file/],
    ['that is a list', () => file('[1, 2]'), /there is no cluster in/],
    ['without a current context', () => kubeconfig({ current: '' }), /has no current context, only edge; name one with --kube-context/],
    ['whose current context is not in it', () => kubeconfig({ current: 'lab' }), /has no context lab, only edge/],
    [
      'whose cluster is not in it',
      () => kubeconfig({ context: { cluster: 'd' } }),
      /context edge of .* is of cluster d, which is not in it/,
    ],
    ['whose user is not in it', () => kubeconfig({ context: { user: 'bob' } }), /is of user bob, which is not in it; add the user/],
    ['in the clear', () => kubeconfig({ cluster: { server: 'http://a:1' } }), /http:\/\/a:1 is not reached by https/],
    ['that checks nothing', () => kubeconfig({ cluster: { 'insecure-skip-tls-verify': true } }), /insecure-skip-tls-verify is set/],
    [
      'without the authority that it names',
      () => kubeconfig({ cluster: { 'certificate-authority': 'ca.crt' } }),
      /certificate-authority \S+\/ca\.crt that/,
    ],
    [
      'without the certificate that it names',
      () => kubeconfig({ user: { 'client-certificate': 'a.crt' } }),
      /client-certificate \S+\/a\.crt that/,
    ],
    ['without the key that it names', () => kubeconfig({ user: { 'client-key': 'a.key' } }), /client-key \S+\/a\.key that/],
    ['without the token file that it names', () => kubeconfig({ user: { tokenFile: 'a.token' } }), /tokenFile \S+\/a\.token that/],
  ]
  it.each(refused)('%s is refused', (_, path, said) => {
    const { code, message } = refusalOf(() => loadKubeConfig({ kubeconfig: path() }))
    expect([code, message]).toEqual(['KUBECONFIG_INVALID', expect.stringMatching(said)])
    expect(message).not.toContain(SECRET)
    expect(message).not.toContain('\n')
  })

  it('is refused with a context that it has not', () => {
    expect(refusalOf(() => loadKubeConfig({ kubeconfig: kubeconfig({}), context: 'lab' })).message).toMatch(/has no context lab, only edge/)
    expect(loadKubeConfig({ kubeconfig: kubeconfig({ current: 'lab' }), context: 'edge' }).getCurrentUser()?.token).toBe(SECRET)
  })

  it('shows the token of the file that it names, as it is now', async () => {
    writeFileSync(join(dir, 'token'), 'from-file')
    const config = loadKubeConfig({ kubeconfig: kubeconfig({ user: { token: undefined, tokenFile: 'token' } }) })
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    expect(options.headers).toMatchObject({ Authorization: 'Bearer from-file' })
  })
})

describe('what is wrong with who we are', () => {
  const NOW_MS = Date.UTC(2030, 0, 1)
  const token = (exp: unknown) => `h.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.s`
  it.each([
    [token(NOW_MS / 1_000 - 1), 'the token of user alice ended at 2029-12-31T23:59:59.000Z'],
    [token(NOW_MS / 1_000 + 1), null],
    ['opaque', null],
  ])('%s', (given, said) => {
    expect(credentialTrouble(loadKubeConfig({ kubeconfig: kubeconfig({ user: { token: given } }) }), NOW_MS)).toBe(said)
  })
  it('is not known of a certificate that is none', () => {
    const user = { token: undefined, 'client-certificate-data': SECRET, 'client-key-data': SECRET }
    expect(credentialTrouble(loadKubeConfig({ kubeconfig: kubeconfig({ user }) }), NOW_MS)).toBeNull()
  })
})
