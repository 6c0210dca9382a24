import { expect, it } from '@jest/globals'
import { influxConfig } from './influx.ts'

it('keeps everything in the given folder, on loopback, behind a password', () => {
  const text = influxConfig({ dir: '/lab/a "b"', ports: { http: 18_086, rpc: 18_088 } })
  expect(text).toContain('dir = "/lab/a \\"b\\"/data"')
  expect(text.match(/^ {2}(wal-)?dir = "\/lab\//gm)).toHaveLength(3)
  expect(text.match(/bind-address = "127\.0\.0\.1:\d+"/g)).toEqual(['bind-address = "127.0.0.1:18088"', 'bind-address = "127.0.0.1:18086"'])
  expect(text).toContain('auth-enabled = true')
})
