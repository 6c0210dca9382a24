import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { brokerProperties, toProperties } from './kafka-properties.ts'

const portsOf = (base: number) => ({ plaintext: base, controller: base + 1, saslSsl: base + 2, ssl: base + 3, proxied: base + 4 })
const one = { nodeId: 1, dataDir: '/d', ports: [portsOf(100)], sessionTimeoutMs: 3_000 }
const three = { ...one, nodeId: 2, ports: [portsOf(100), portsOf(200), portsOf(300)] }

describe('brokerProperties', () => {
  it('lets one broker be enough', () => {
    expect(brokerProperties(one)).toMatchObject({
      'controller.quorum.voters': '1@127.0.0.1:101',
      listeners: 'PLAINTEXT://127.0.0.1:100,CONTROLLER://127.0.0.1:101',
      'advertised.listeners': 'PLAINTEXT://127.0.0.1:100',
      'default.replication.factor': 1,
      'min.insync.replicas': 1,
      'broker.session.timeout.ms': 3_000,
      'broker.heartbeat.interval.ms': 500,
    })
  })

  it('keeps records thrice with three, and takes them from two', () => {
    expect(brokerProperties(three)).toMatchObject({
      'node.id': 2,
      'controller.quorum.voters': '1@127.0.0.1:101,2@127.0.0.1:201,3@127.0.0.1:301',
      listeners: 'PLAINTEXT://127.0.0.1:200,CONTROLLER://127.0.0.1:201',
      'default.replication.factor': 3,
      'min.insync.replicas': 2,
      'offsets.topic.replication.factor': 3,
      'transaction.state.log.min.isr': 2,
    })
  })

  it('tells clients behind the proxy the address of the proxy', () => {
    expect(brokerProperties({ ...one, proxyAddress: '127.0.0.1:9' })).toMatchObject({
      listeners: 'PLAINTEXT://127.0.0.1:100,PROXIED://127.0.0.1:104,CONTROLLER://127.0.0.1:101',
      'advertised.listeners': 'PLAINTEXT://127.0.0.1:100,PROXIED://127.0.0.1:9',
    })
  })

  it('listens with TLS only when secured', () => {
    const secured = brokerProperties({ ...one, secure: { serverPemFile: '/s', caFile: '/c' } })
    expect(secured['advertised.listeners']).toBe('PLAINTEXT://127.0.0.1:100,SASL_SSL://127.0.0.1:102,SSL://127.0.0.1:103')
    expect(secured['listener.name.ssl.ssl.client.auth']).toBe('required')
    expect(Object.keys(brokerProperties(one)).filter((name) => /ssl\.keystore|sasl/.test(name))).toEqual([])
  })
})

it('writes values that Java reads back', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z.]{1,20}$/), fc.string()), (properties) => {
      const text = toProperties(properties)
      const lines = text === '' ? [] : text.slice(0, -1).split('\n')
      const read = lines.map((line) => {
        const at = line.indexOf('=')
        return [
          line.slice(0, at),
          line.slice(at + 1).replace(/\\(.)/g, (_, letter) => ({ n: '\n', r: '\r', f: '\f', t: '\t' })[letter as 'n'] ?? letter),
        ]
      })
      expect(Object.fromEntries(read)).toEqual({ ...properties })
      // A value's leading white space would be skipped, and a bare line break would end it.
      for (const line of lines) expect(line.slice(line.indexOf('=') + 1)).not.toMatch(/^[ \t\f]|[\r\f]/)
    }),
    { seed: 5 },
  )
})
