/** Two processes' worth of shared twins on one broker: each hosts a site, both know both, and one inherits from the other. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createPlatformaticClient } from '../../connectors/kafka/platformatic-client.ts'
import { wantedTopics } from '../../connectors/kafka/topics.ts'
import { defaultRegistry } from '../../models/applications/registry.ts'
import type { SharedSites } from '../../models/contracts/sites.ts'
import { readConfig } from '../config.ts'
import { hostedSite } from '../hosted-site.ts'
import { type KafkaLab, startKafka } from '../lab/kafka.ts'
import { runSharedTwins, type SharedTwins } from '../run-shared-twins.ts'
import { silent } from '../testing/journaled-site.ts'

const folder = mkdtempSync(join(tmpdir(), 'edgetwin-shared-'))
const running: SharedTwins[] = []
let lab: KafkaLab
beforeAll(async () => {
  lab = await startKafka()
})
afterAll(async () => {
  for (const twins of running.splice(0)) await twins.stop()
  await lab?.stop()
  rmSync(folder, { recursive: true })
})

async function start(site: string): Promise<SharedTwins> {
  const config = readConfig({
    flags: { site, port: 0, dataDir: join(folder, site), thisMachine: false, logLevel: 'error' },
    environment: {},
  })
  const settings = { brokers: lab.brokers, clientId: site, group: 'edgetwin', topicPrefix: 'suite.' }
  const client = createPlatformaticClient(settings)
  const hosted = hostedSite({ config, registry: defaultRegistry(), log: silent })
  const twins = await runSharedTwins({ config, client, settings, hosted, viewerDir: undefined, log: silent })
  running.push(twins)
  return twins
}

async function getJson<T>(url: string): Promise<T> {
  return (await fetch(url)).json() as Promise<T>
}

async function until<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (isDone(answer)) return answer
    await sleep(200)
  }
}

it('waits for its topics, shares the sites, sends on to their twins, and inherits them', async () => {
  const dhs = await start('dhs')
  expect(dhs.checks()[0]).toMatchObject({ name: 'site-group', ok: false })
  const admin = await createPlatformaticClient({ brokers: lab.brokers, clientId: 'suite', group: 'suite', topicPrefix: '' }).connectAdmin()
  await admin.createTopics(wantedTopics({ prefix: 'suite.', partitionCount: 6, brokerCount: 1 }))
  await admin.close()
  const hetero = await start('heteroaccel')

  // Each acts for the site that it hosts, and says of the other where it is.
  const listOf = (twins: SharedTwins) => getJson<SharedSites>(`${twins.url}/api/v1/sites`)
  for (const twins of [dhs, hetero]) {
    const { items } = await until(
      () => listOf(twins),
      ({ items }) => items.length === 2 && items.every(({ isActing }) => isActing),
    )
    expect(items.map(({ site, owner, isHere }) => ({ site, owner, isHere }))).toEqual([
      { site: 'dhs', owner: dhs.url, isHere: twins === dhs },
      { site: 'heteroaccel', owner: hetero.url, isHere: twins === hetero },
    ])
  }
  const status = await until(
    () => getJson<{ site: string; sequence: number }>(`${hetero.url}/sites/dhs/api/v1/status`),
    ({ sequence }) => sequence > 50,
  )
  expect(status.site).toBe('dhs')
  expect(dhs.status()).toMatchObject({ siteCount: 1, actingCount: 1, restartCount: 0 })

  const namesOf = async (url: string) =>
    (await getJson<{ items: { name: string }[] }>(`${url}/api/v1/entities/node`)).items.map(({ name }) => name)
  const names = await namesOf(`${dhs.url}/sites/dhs`)
  expect(names.length).toBeGreaterThan(3)
  running.splice(running.indexOf(dhs), 1)
  await dhs.stop()
  const [inherited] = await until(
    async () => hetero.sitesHere().filter(({ site, isActing }) => site === 'dhs' && isActing),
    (found) => found.length === 1,
  )
  const after = await until(
    () => getJson<{ site: string; sequence: number }>(`${inherited!.url}/api/v1/status`),
    ({ sequence }) => sequence >= status.sequence,
  )
  expect(after.site).toBe('dhs')
  expect(await namesOf(`${hetero.url}/sites/dhs`)).toEqual(names)
  await until(
    async () => hetero.checks(),
    (checks) => checks.every(({ ok }) => ok),
  )
})
