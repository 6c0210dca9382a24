/** Tokens that must not be let in, made from a good one and from the key that the API server signs with. */
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

const encode = (value: object | string) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const decode = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString())

function signed(header: object, claims: object, key: KeyObject): string {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`
}

/** The same token with other claims, signed anew. */
export function withClaims(token: string, changes: object, key: KeyObject): string {
  const [head = '', body = ''] = token.split('.')
  return signed(decode(head), { ...decode(body), ...changes }, key)
}

/** @param key The API server's own: shows that it is the claims that are refused. */
export function badTokens(good: string, key: KeyObject): Readonly<Record<string, string>> {
  const [head = '', body = '', signature = ''] = good.split('.')
  const [header, claims] = [decode(head), decode(body)]
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const nowSeconds = Math.floor(Date.now() / 1_000)
  const forged = (changes: object, header_: object = header) => signed(header_, { ...claims, ...changes }, key)
  const kubernetes = Object(claims['kubernetes.io'])
  const hmac = (secret: Buffer | string) => {
    const text = `${encode({ ...header, alg: 'HS256' })}.${body}`
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
  }
  const flip = (part: string) => (part.startsWith('A') ? 'B' : 'A') + part.slice(1)
  return {
    'algorithm none, unsigned': `${encode({ ...header, alg: 'none' })}.${body}.`,
    'algorithm None, with the signature': `${encode({ ...header, alg: 'None' })}.${body}.${signature}`,
    'algorithm NONE, two parts': `${encode({ ...header, alg: 'NONE' })}.${body}`,
    'no algorithm': `${encode({ kid: header.kid ?? '' })}.${body}.${signature}`,
    'HMAC with the public key': hmac(createPublicKey(key).export({ type: 'spki', format: 'pem' })),
    'HMAC with nothing': hmac(''),
    'another key': signed(header, claims, other),
    'another key that it brings along': signed({ ...header, jwk: createPublicKey(other).export({ format: 'jwk' }) }, claims, other),
    'another key under an address': signed({ ...header, jku: 'http://127.0.0.1:1/keys' }, claims, other),
    'a key of no name': signed({ ...header, kid: '../../../dev/null' }, claims, other),
    'another issuer': forged({ iss: 'https://evil.example' }),
    'no issuer': forged({ iss: undefined }),
    'the audience of the API server': forged({ aud: [claims.iss] }),
    'another audience': forged({ aud: ['edgetwin2'] }),
    'an audience in other letters': forged({ aud: ['EdgeTwin'] }),
    'no audience': forged({ aud: undefined }),
    'an empty audience': forged({ aud: [] }),
    expired: forged({ exp: nowSeconds - 60, iat: nowSeconds - 3_600, nbf: nowSeconds - 3_600 }),
    'expired long ago': forged({ exp: 1 }),
    'an end in words': forged({ exp: 'never' }),
    'not yet': forged({ nbf: nowSeconds + 3_600 }),
    'the account in another namespace': forged({ 'kubernetes.io': { ...kubernetes, namespace: 'kube-system' } }),
    'an account that there is not': forged({
      sub: 'system:serviceaccount:people:nobody',
      'kubernetes.io': { ...kubernetes, serviceaccount: { name: 'nobody', uid: 'x' } },
    }),
    'the account under another uid': forged({
      'kubernetes.io': { ...kubernetes, serviceaccount: { ...kubernetes.serviceaccount, uid: '00000000-0000-0000-0000-000000000000' } },
    }),
    'a pod that there is not': forged({ 'kubernetes.io': { ...kubernetes, pod: { name: 'gone', uid: 'x' } } }),
    'claims of another': `${head}.${encode({ ...claims, sub: 'system:serviceaccount:people:admin' })}.${signature}`,
    'one letter of the header': `${flip(head)}.${body}.${signature}`,
    'one letter of the claims': `${head}.${flip(body)}.${signature}`,
    'one letter of the signature': `${head}.${body}.${flip(signature)}`,
    'cut in the signature': good.slice(0, -20),
    'cut in the claims': good.slice(0, head.length + 10),
    'without the signature': `${head}.${body}`,
    'with an empty signature': `${head}.${body}.`,
    twice: `${good}.${good}`,
    'with a part more': `${good}.${signature}`,
    'an encrypted one': `${head}.${body}.${signature}.${body}.${head}`,
    'no JSON': `${encode('{')}.${encode('}')}.${signature}`,
    'a list': `${encode([])}.${encode([])}.${signature}`,
    'only dots': '..',
    random: randomBytes(64).toString('base64url'),
    'a bootstrap token': 'abcdef.0123456789abcdef',
    'the name of the account': 'system:serviceaccount:people:admin'.replaceAll(':', '.'),
    'a word': 'null',
    'too long': 'a'.repeat(13_000),
  }
}
