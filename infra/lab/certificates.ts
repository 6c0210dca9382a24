/** Certificates for one lab: an authority of its own, a server on loopback, a client. All made by OpenSSL, gone with the lab. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTool } from './tools.ts'

export interface Certificates {
  readonly caFile: string
  /** Key and certificate of the server in one file, as Kafka reads them. */
  readonly serverPemFile: string
  readonly certFile: string
  readonly keyFile: string
}

const REMEDY = 'secured services need OpenSSL: apt-get install openssl'
const DAYS = '30'
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** @param dir Where they stay; made once. */
export async function certificatesIn(dir: string): Promise<Certificates> {
  const at = (name: string) => join(dir, name)
  const certificates = { caFile: at('ca.pem'), serverPemFile: at('server.pem'), certFile: at('client.crt'), keyFile: at('client.key') }
  if (existsSync(certificates.serverPemFile)) return certificates
  const openssl = (...args: string[]) => runTool('openssl', args, { cwd: dir, remedy: REMEDY, withinMs: 30_000 })
  await openssl('req', '-x509', ...NEW_KEY, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=edgetwin lab', '-days', DAYS)
  for (const [name, extensions] of [
    ['client', 'extendedKeyUsage=clientAuth'],
    ['server', 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth'],
  ] as const) {
    writeFileSync(at(`${name}.ext`), extensions)
    await openssl('req', '-new', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=edgetwin ${name}`)
    const signed = ['-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`]
    await openssl('x509', ...signed, '-out', `${name}.crt`, '-days', DAYS)
  }
  writeFileSync(certificates.serverPemFile, readFileSync(at('server.key'), 'utf8') + readFileSync(at('server.crt'), 'utf8'), {
    mode: 0o600,
  })
  return certificates
}
