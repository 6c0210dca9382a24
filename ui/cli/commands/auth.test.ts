/** `twinctl auth`, and where tokens come from: flags, files, and a kubeconfig of each kind against a stand-in of the cluster. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { stringify } from 'yaml'
import { type AccessAnswer, RIGHTS, type Right, ROLES } from '../../../models/contracts/access.ts'
import { type FarSide, runCli, runFarSide } from '../far-side.ts'

const dir = mkdtempSync(join(tmpdir(), 'twinctl-auth-'))
let far: FarSide
let cluster: Server
let clusterUrl: string
let ca: string
let asked: { readonly url: string; readonly authorization: string | undefined; readonly body: unknown }[]
let answer: readonly [number, unknown]

beforeAll(async () => {
  const key = join(dir, 'key.pem')
  const cert = join(dir, 'cert.pem')
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, ...subject],
    {
      stdio: 'ignore',
    },
  )
  ca = readFileSync(cert, 'utf8')
  cluster = createServer({ key: readFileSync(key), cert: ca }, async (request, response) => {
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    asked.push({ url: request.url ?? '', authorization: request.headers.authorization, body: JSON.parse(text) })
    response.writeHead(answer[0]).end(JSON.stringify(answer[1]))
  })
  await new Promise<void>((resolve) => cluster.listen(0, '127.0.0.1', resolve))
  clusterUrl = `https://127.0.0.1:${Object(cluster.address()).port}`
})
afterAll(() => {
  cluster.closeAllConnections()
  cluster.close()
  rmSync(dir, { recursive: true })
})

const access = (allowed: readonly Right[]): AccessAnswer => ({
  user: 'alice',
  groups: ['people'],
  expiresMs: Date.UTC(2030, 0, 1),
  rights: (Object.keys(RIGHTS) as Right[]).map((right) => {
    const may = allowed.includes(right)
    return { right, allowed: may, reason: may ? '' : `alice may not ${right}`, grant: may ? '' : 'kind: ClusterRole\n' }
  }),
})

beforeEach(async () => {
  asked = []
  answer = [201, { status: { token: 'made-for-edgetwin' } }]
  far = await runFarSide(() => [200, access(ROLES.planner)])
})
afterEach(() => far.stop())

const run = (...args: string[]) => runCli([...args, '--server', far.url])
const sent = () => far.asked.map(({ headers }) => headers.authorization)

describe('twinctl auth', () => {
  it('says in which namespaces, where not in all', async () => {
    const narrow = access(['get twins'])
    const rights = narrow.rights.map((one) => (one.right === 'get twins' ? { ...one, namespaces: ['a', 'shop'] } : one))
    await far.stop()
    far = await runFarSide(() => [200, { ...narrow, rights }])
    expect((await run('auth', 'whoami')).out).toMatch(/MAY +get twins \(only in a and shop\)\n/)
    expect(await run('auth', 'can-i', 'get', 'twins')).toMatchObject({
      code: 0,
      out: 'yes\n',
      err: expect.stringContaining('only in a, shop'),
    })
  })

  it('says who you are and what you may do', async () => {
    const { out, code } = await run('auth', 'whoami')
    expect(code).toBe(0)
    expect(out).toMatch(/^USER +alice\nGROUPS +people\nTOKEN ENDS +2030-01-01T00:00:00.000Z\nMAY +get twins, watch twins, create whatifs, /)
    expect(out).toMatch(/MAY NOT +create placements\/apply, update policies/)
    expect(JSON.parse((await run('auth', 'whoami', '-o', 'json')).out)).toEqual(access(ROLES.planner))
  })

  it('says yes and no as kubectl does, with what would grant it', async () => {
    expect(await run('auth', 'can-i', 'create', 'whatifs')).toEqual({ code: 0, out: 'yes\n', err: '' })
    expect(await run('auth', 'can-i', 'create', 'whatifs.edgetwin.dev')).toMatchObject({ out: 'yes\n' })
    expect(await run('auth', 'can-i', 'create', 'placements/apply')).toEqual({
      code: 1,
      out: 'no\n',
      err: 'alice may not create placements/apply\nkind: ClusterRole\n',
    })
    expect(await run('auth', 'can-i', 'create', 'whatif')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/there is no right to create whatif; did you mean create whatifs/),
    })
  })

  it('shows the YAML of a refusal', async () => {
    await far.stop()
    far = await runFarSide(() => [
      403,
      { code: 'FORBIDDEN', detail: 'alice may not update policies', details: { grant: 'kind: ClusterRole\n' } },
    ])
    expect(await run('loop', 'auto')).toEqual({
      code: 1,
      out: '',
      err: 'error: alice may not update policies [FORBIDDEN]\nkind: ClusterRole\n',
    })
  })
})

describe('a token', () => {
  const kubeconfig = (user: object, cluster_: object = {}): string => {
    const file = join(dir, 'kubeconfig')
    const at = { server: clusterUrl, 'certificate-authority-data': Buffer.from(ca).toString('base64'), ...cluster_ }
    writeFileSync(
      file,
      stringify({
        'current-context': 'edge',
        clusters: [{ name: 'c', cluster: at }],
        users: [{ name: 'alice', user }],
        contexts: [{ name: 'edge', context: { cluster: 'c', user: 'alice' } }],
      }),
    )
    return file
  }
  const account = ['--service-account', 'people/alice']

  it('comes from a file', async () => {
    const file = join(dir, 'token')
    writeFileSync(file, 'from-file\n')
    await run('auth', 'whoami', '--token-file', file)
    expect(sent()).toEqual(['Bearer from-file'])
    writeFileSync(file, ' \n')
    expect(await run('auth', 'whoami', '--token-file', file)).toMatchObject({ code: 2, err: expect.stringContaining('is empty') })
    expect(await run('auth', 'whoami', '--token-file', `${file}.not`)).toMatchObject({
      code: 2,
      err: expect.stringContaining('cannot read'),
    })
  })

  it('is not sent when none is named', async () => {
    await run('auth', 'whoami')
    expect(sent()).toEqual([undefined])
  })

  it('is the one of the kubeconfig: in it, in a file beside it, or from its command', async () => {
    await run('auth', 'whoami', '--kubeconfig', kubeconfig({ token: 'own' }))
    writeFileSync(join(dir, 'beside'), 'beside\n')
    await run('auth', 'whoami', '--kubeconfig', kubeconfig({ tokenFile: 'beside' }))
    const plugin = join(dir, 'plugin.sh')
    writeFileSync(plugin, '#!/bin/sh\necho "{\\"status\\":{\\"token\\":\\"$WORD-$1\\"}}"\n')
    chmodSync(plugin, 0o755)
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './plugin.sh',
      args: ['plugin'],
      env: [{ name: 'WORD', value: 'by' }],
    }
    await run('auth', 'whoami', '--context', 'edge', '--kubeconfig', kubeconfig({ exec }))
    expect(sent()).toEqual(['Bearer own', 'Bearer beside', 'Bearer by-plugin'])
  })

  it('is made by the cluster for an account, out of a certificate or a token', async () => {
    await run('auth', 'whoami', ...account, '--kubeconfig', kubeconfig({ token: 'own' }))
    expect(asked).toEqual([
      {
        url: '/api/v1/namespaces/people/serviceaccounts/alice/token',
        authorization: 'Bearer own',
        body: expect.objectContaining({ kind: 'TokenRequest', spec: { audiences: ['edgetwin'], expirationSeconds: 600 } }),
      },
    ])
    expect(sent()).toEqual(['Bearer made-for-edgetwin'])
    const own = { 'client-certificate': 'cert.pem', 'client-key': 'key.pem' }
    await run('auth', 'whoami', ...account, '--kubeconfig', kubeconfig(own))
    expect(asked[1]!.authorization).toBeUndefined()
    expect(sent()[1]).toBe('Bearer made-for-edgetwin')
  })

  it('that good kubeconfigs cannot give is refused with what to do', async () => {
    const failing: readonly (readonly [string, readonly string[], RegExp])[] = [
      [
        kubeconfig({ 'client-certificate': 'cert.pem', 'client-key': 'key.pem' }),
        [],
        /alice .*certificate, which only the cluster can check; add --service-account.*kubectl create token/,
      ],
    ]
    for (const [file, args, said] of failing) {
      expect(await run('auth', 'whoami', '--kubeconfig', file, ...args)).toMatchObject({ code: 1, err: expect.stringMatching(said) })
    }
    const refusals: readonly (readonly [() => string, readonly string[], RegExp])[] = [
      [() => kubeconfig({}), [], /neither a token nor a certificate/],
      [() => kubeconfig({ token: 'own' }), ['--context', 'egde'], /no context "egde"; did you mean edge\?/],
      [() => kubeconfig({ token: 'own' }, { server: 'http://127.0.0.1:1' }), account, /not reached by https/],
      [() => kubeconfig({ token: 'own' }, { 'insecure-skip-tls-verify': true }), account, /insecure-skip-tls-verify/],
      [() => kubeconfig({ token: 'own' }, { 'certificate-authority-data': undefined }), account, /does not answer \(.*certificate/],
      [() => kubeconfig({ token: 'own' }), ['--service-account', 'alice'], /give NAMESPACE\/NAME/],
      [
        () => kubeconfig({ exec: { apiVersion: 'v1', command: './no-such', installHint: 'install it' } }),
        [],
        /gives no credential: .*; install it/,
      ],
      [() => join(dir, 'nothing'), [], /cannot read .*nothing/],
      [() => join(dir, 'cert.pem'), [], /is no kubeconfig/],
    ]
    for (const [file, args, said] of refusals) {
      const { code, err } = await run('auth', 'whoami', '--kubeconfig', file(), ...args)
      expect([code > 0, err]).toEqual([true, expect.stringMatching(said)])
    }
    answer = [403, { message: 'serviceaccounts "alice" is forbidden' }]
    expect(await run('auth', 'whoami', ...account, '--kubeconfig', kubeconfig({ token: 'own' }))).toMatchObject({
      err: expect.stringMatching(/makes no token for people\/alice: .*is forbidden; .*grant `create` on `serviceaccounts\/token`/),
    })
    expect(sent()).toEqual([])
  })

  it('that is good for the whole cluster does not travel in the clear', async () => {
    const { err } = await runCli(['auth', 'whoami', '--server', 'http://edge.example:8080', '--kubeconfig', kubeconfig({ token: 'own' })])
    expect(err).toMatch(/good for the whole cluster and would go to http:\/\/edge\.example:8080 in the clear; use https/)
  })
})
