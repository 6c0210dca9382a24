import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { Logger } from '../../models/ports.ts'
import { loadProfile } from './profile.ts'
import { jitteredMs, runScraper, type ScrapeResult, type ScraperOptions } from './scraper.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
const GPU = 'ha_accelerator_utilization_ratio{accelerator_id="n/gpu0"} 0.5\n'

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
}

/** Runs until `count` results have come. */
function scrape(
  url: string,
  { count = 1, intervalMs = 10, ...rest }: Partial<ScraperOptions> & { count?: number; intervalMs?: number } = {},
): Promise<ScrapeResult[]> {
  const results: ScrapeResult[] = []
  return new Promise((resolve) => {
    const target = { name: 'n', url, profile: loadProfile('ha-exporter'), intervalMs }
    const stop = runScraper({
      targets: [target],
      onScrape: (result) => {
        results.push(result)
        if (results.length === count) void stop().then(() => resolve(results))
      },
      log: silent,
      now: Date.now,
      random: () => 0.5,
      ...rest,
    })
    closers.push(stop)
  })
}

const failure = async (listener: RequestListener, options?: Parameters<typeof scrape>[1]) => {
  const [result] = await scrape(await serve(listener), options)
  return result?.ok === false ? `${result.reason}: ${result.message}` : result
}
const asText = (response: ServerResponse) => response.setHeader('content-type', 'text/plain; version=0.0.4')

describe('a good target', () => {
  it('gives readings, rejected series and parse errors', async () => {
    const url = await serve((request, response) => {
      expect(request.headers.accept).toContain('text/plain')
      asText(response)
      response.end(`${GPU}%%% nope\nha_accelerator_power_watts{accelerator_id="n/gpu0"} 9999`)
    })
    const [result] = await scrape(url)
    expect(result).toMatchObject({
      ok: true,
      target: { name: 'n', url },
      readings: [{ kind: 'accelerator', name: 'gpu0', utilizationRatio: 0.5 }],
      rejected: [{ series: 'ha_accelerator_power_watts{accelerator_id="n/gpu0"}' }],
      parseErrors: [{ line: 2, reason: 'invalid metric name at "%%% nope"' }],
    })
  })

  it('is read across chunks that cut characters in two', async () => {
    const text = Buffer.from('ha_accelerator_info{accelerator_id="n/gpu0",type="GPU",model="µ🎥"} 1\n')
    const url = await serve(async (_, response) => {
      asText(response)
      for (const byte of text) {
        response.write(Buffer.of(byte))
        await new Promise(setImmediate)
      }
      response.end()
    })
    expect(await scrape(url)).toMatchObject([{ ok: true, parseErrors: [], readings: [{ identity: { model: 'µ🎥' } }] }])
  })

  it('carries counters from scrape to scrape', async () => {
    let scrapeCount = 0
    const url = await serve((_, response) => {
      scrapeCount++
      asText(response)
      response.end(
        `node_cpu_seconds_total{cpu="0",mode="idle"} ${scrapeCount * 3}\nnode_cpu_seconds_total{cpu="0",mode="user"} ${scrapeCount}\n`,
      )
    })
    const results: ScrapeResult[] = []
    let timeMs = 0
    await new Promise<void>((resolve) => {
      const stop = runScraper({
        targets: [{ name: 'n', url, profile: loadProfile('node-exporter'), intervalMs: 10 }],
        onScrape: (result) => {
          if (results.push(result) === 2) void stop().then(resolve)
        },
        log: silent,
        now: () => (timeMs += 5),
        random: () => 0,
      })
    })
    expect(results.map((result) => result.ok && result.readings[0]?.utilizationRatio)).toEqual([undefined, 0.25])
  })

  it('may be compressed, without content type, or OpenMetrics', async () => {
    const zipped = await serve((_, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync(GPU))
    })
    expect(await scrape(zipped)).toMatchObject([{ ok: true, readings: [{ name: 'gpu0' }], parseErrors: [] }])
    const open = await serve((_, response) => {
      response.setHeader('content-type', 'application/openmetrics-text; version=1.0.0')
      response.end(GPU)
    })
    expect(await scrape(open)).toMatchObject([{ ok: true, parseErrors: [{ line: 2, reason: expect.stringContaining('# EOF') }] }])
  })

  it('never has two scrapes under way, however slow it is', async () => {
    let openCount = 0
    let openCountMax = 0
    const url = await serve((_, response) => {
      openCountMax = Math.max(openCountMax, ++openCount)
      asText(response)
      setTimeout(() => {
        openCount--
        response.end(GPU)
      }, 30)
    })
    await scrape(url, { count: 3, intervalMs: 1 })
    expect(openCountMax).toBe(1)
  })

  it('is scraped at its interval, give or take a tenth', () => {
    expect([0, 0.5, 1].map((share) => jitteredMs(1000, share))).toEqual([900, 1000, 1100])
  })

  it('is not heard of after stop', async () => {
    let stop = async () => {}
    const asked = new Promise<void>((resolve) => {
      void serve(() => resolve()).then((url) => {
        stop = runScraper({
          targets: [{ name: 'n', url, profile: loadProfile('ha-exporter'), intervalMs: 10 }],
          onScrape: () => {
            throw new Error('heard of')
          },
          log: silent,
          now: Date.now,
          random: () => 0,
        })
      })
    })
    await asked
    await stop()
  })
})

describe('a bad target', () => {
  it('that hangs before or within the answer runs into the time-out', async () => {
    expect(await failure(() => {}, { timeoutMs: 50 })).toBe('timeout: no whole answer within 50 ms')
    const drip: RequestListener = (_, response) => {
      asText(response)
      response.write(GPU)
    }
    expect(await failure(drip, { timeoutMs: 50 })).toBe('timeout: no whole answer within 50 ms')
  })

  it('whose socket accepts and says nothing runs into the time-out', async () => {
    const sockets = createSocketServer(() => {})
    await new Promise<void>((resolve) => sockets.listen(0, '127.0.0.1', resolve))
    closers.push(() => sockets.close())
    expect(await scrape(`http://127.0.0.1:${(sockets.address() as AddressInfo).port}`, { timeoutMs: 50 })).toMatchObject([
      { ok: false, reason: 'timeout' },
    ])
  })

  it('that is not there, or goes away, is refused or interrupted', async () => {
    const closed = await serve(() => {})
    await closers.pop()?.()
    const [gone] = await scrape(closed)
    expect(gone).toMatchObject({ ok: false, reason: 'refused', message: expect.stringContaining('ECONNREFUSED') })
    const cut: RequestListener = (_, response) => {
      asText(response)
      response.write(GPU, () => response.destroy())
    }
    expect(await failure(cut)).toMatch(/^interrupted: /)
  })

  it('with an endless body is cut off at 8 MiB, packed or not', async () => {
    let sentBytes = 0
    const block = Buffer.from('# comment that never ends\n'.repeat(5_000))
    const endless: RequestListener = (_, response) => {
      asText(response)
      const send = () => {
        while (!response.destroyed && response.write(block)) sentBytes += block.length
      }
      response.on('drain', send)
      send()
    }
    expect(await failure(endless)).toBe('body-too-large: the body is above 8388608 bytes')
    expect(sentBytes).toBeLessThan(64 * 1024 * 1024)
    const bomb: RequestListener = (_, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync(Buffer.alloc(32 * 1024 * 1024, '# \n')))
    }
    expect(await failure(bomb)).toBe('body-too-large: the body is above 8388608 bytes')
  })

  it('with too many series, garbage or a wrong encoding gives nothing', async () => {
    const many: RequestListener = (_, response) => {
      asText(response)
      response.end(Array.from({ length: 20_001 }, (_, i) => `x{i="${i}"} 1\n`).join(''))
    }
    expect(await failure(many)).toBe('too-many-series: more than 20000 series; the rest was not read')
    expect(await failure((_, response) => response.end('%%% nope\n'))).toBe(
      'malformed: 1 errors, the first in line 1: invalid metric name at "%%% nope"',
    )
    expect(await failure((_, response) => response.end(Buffer.of(0x78, 0xff, 0x0a)))).toBe('malformed: the body is not UTF-8')
  })

  it('that redirects, fails or sends a page is refused', async () => {
    let followed = false
    const redirect: RequestListener = (request, response) => {
      if (request.url !== '/metrics') followed = true
      response.writeHead(302, { location: '/elsewhere' }).end()
    }
    expect(await failure(redirect)).toBe('redirect: status 302 to /elsewhere: give the final address')
    expect(followed).toBe(false)
    expect(await failure((_, response) => response.writeHead(503).end())).toBe('http-status: status 503, expected 200')
    const page: RequestListener = (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p>')
    expect(await failure(page)).toBe('content-type: content type text/html, expected text/plain or application/openmetrics-text')
  })

  it('is logged once per change, and heard of again when it works', async () => {
    const messages: string[] = []
    let askCount = 0
    const url = await serve((_, response) => {
      askCount++
      if (askCount < 3) response.writeHead(500).end()
      else response.end(GPU)
    })
    const log: Logger = { ...silent, warn: (_, message) => messages.push(message), info: (_, message) => messages.push(message) }
    const results = await scrape(url, { count: 4, log })
    expect(results.map(({ ok }) => ok)).toEqual([false, false, true, true])
    expect(messages).toEqual(['scrape failed', 'scrape works again'])
  })
})
