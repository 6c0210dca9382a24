import { expect, it } from '@jest/globals'
import { prometheusArgs, prometheusConfig } from './prometheus.ts'

it('listens on loopback, and takes its targets from files while it runs', () => {
  expect(prometheusArgs({ configFile: '/lab/p.yml', dataDir: '/lab/data', port: 19_090 })).toEqual(
    expect.arrayContaining(['--config.file=/lab/p.yml', '--storage.tsdb.path=/lab/data', '--web.listen-address=127.0.0.1:19090']),
  )
  expect(JSON.stringify(prometheusConfig())).toContain('"files":["targets/*.json"]')
})
