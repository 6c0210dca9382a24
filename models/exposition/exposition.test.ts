import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client'
import { checkExposition, detectFormat, type ParseExpositionOptions, parseExposition } from './exposition.ts'
import { createExpositionParser } from './parser.ts'
import { readNumber } from './scan.ts'

fc.configureGlobal({ seed: 20_240_601 })

const SCRAPES = 'connectors/metrics/scrapes'
/** Samples as plain data, for comparing. */
const plain = (text: string, options: ParseExpositionOptions = {}) =>
  parseExposition(text, options).samples.map(({ labels, ...rest }) => ({ ...rest, labels: Object.fromEntries(labels) }))
const reasons = (text: string, options: ParseExpositionOptions = {}) =>
  parseExposition(text, options).errors.map(({ line, reason }) => `${line}: ${reason}`)

describe('real scrapes', () => {
  it.each([
    ['node_exporter-e2e-output.prom', 3027, 1228],
    ['dcgm-l4-idle-kops.prom', 23, 23],
    ['dcgm-l40s-upcloud.prom', 23, 23],
    ['dcgm-t4-busy-ericsson.prom', 20, 20],
    ['dcgm-vgpu-a100-vks135.prom', 11, 11],
    ['dcgm-vgpu-vks136.prom', 11, 11],
  ])('%s has %i samples in %i families and no error', (file, samples, families) => {
    expect(checkExposition(readFileSync(`${SCRAPES}/${file}`, 'utf8'))).toEqual({ samples, families, errors: [] })
  })

  it('gives the same in chunks of any size', () => {
    for (const file of readdirSync(SCRAPES).filter((name) => name.endsWith('.prom'))) {
      const text = readFileSync(`${SCRAPES}/${file}`, 'utf8')
      const whole = parseExposition(text)
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 5_000 }), (size) => {
          const samples: unknown[] = []
          const parser = createExpositionParser({ onSample: (sample) => samples.push(sample) })
          for (let at = 0; at < text.length; at += size) parser.push(text.slice(at, at + size))
          expect(parser.end().families).toEqual(whole.families)
          expect(samples).toEqual(whole.samples)
        }),
        { numRuns: 5 },
      )
    }
  })
})

describe('what is read', () => {
  it('reads names, labels, escapes, values and timestamps', () => {
    const text = '\t a_total {x="1", y = "q\\"b\\\\n\\nz",} \t -1.5e-3 1395066363000 \nb:c{} +Inf\nd NaN\ne{π="no"} 1\nf{p="π}{"} 0x10\ng 1'
    expect(plain(text)).toEqual([
      { name: 'a_total', labels: { x: '1', y: 'q"b\\n\nz' }, value: -0.0015, timestampMs: 1395066363000 },
      { name: 'b:c', labels: {}, value: Number.POSITIVE_INFINITY },
      { name: 'd', labels: {}, value: Number.NaN },
      { name: 'g', labels: {}, value: 1 },
    ])
    expect(reasons(text)).toEqual(['4: invalid label name at "π=\\"no\\"} 1"', '5: the value "0x10" is not a number'])
  })

  it('reads names beyond ASCII in quotes', () => {
    expect(plain('# TYPE "my.metric" gauge\n{"my.metric", a="b", "c.d"="e"} 1\n{"my.metric"} 2\n')).toEqual([
      { name: 'my.metric', labels: { a: 'b', 'c.d': 'e' }, value: 1 },
      { name: 'my.metric', labels: {}, value: 2 },
    ])
    expect(parseExposition('# TYPE "my.metric" gauge\n{"my.metric"} 1\n').families).toMatchObject([
      { name: 'my.metric', type: 'gauge', sampleCount: 1 },
    ])
    expect(reasons('{a="b"} 1\nx{"y"} 1\n{a="b","y"} 1\n{""} 1\n')).toEqual([
      '1: no metric name',
      '2: second metric name "y"',
      '3: no "=" after label "y"',
      '4: empty name',
    ])
    // Known under its quoted name, it is still not lawful without quotes.
    expect(reasons('x{"a b"="1"} 1\nx{a b="1"} 1\n')).toEqual(['2: no "=" after label "a"'])
  })

  it('keeps hostile label names as data', () => {
    const [sample] = parseExposition('x{__proto__="y",constructor="z"} 1').samples
    expect([...(sample?.labels ?? [])]).toEqual([
      ['__proto__', 'y'],
      ['constructor', 'z'],
    ])
  })

  it('reads exemplars, and times of OpenMetrics in seconds', () => {
    const text =
      '# TYPE h histogram\nh_bucket{le="1"} 2 1.5 # {trace_id="ab"} 0.5 1.25\nh_bucket{le="+Inf"} 2 # {} 9\nh_count 2\nh_sum 1\n# EOF\n'
    expect(plain(text)).toEqual([
      {
        name: 'h_bucket',
        labels: { le: '1' },
        value: 2,
        timestampMs: 1500,
        exemplar: { labels: new Map([['trace_id', 'ab']]), value: 0.5, timestampMs: 1250 },
      },
      { name: 'h_bucket', labels: { le: '+Inf' }, value: 2, exemplar: { labels: new Map(), value: 9 } },
      { name: 'h_count', labels: {}, value: 2 },
      { name: 'h_sum', labels: {}, value: 1 },
    ])
    expect(reasons('g 1 # {a="b"} 1\nx_total 1 # 2\nx_total 1 # {a="b"}\nx_total 1 # {a="b"} 1 2 3\n')).toEqual([
      '1: an exemplar may follow only a bucket or a counter',
      '2: an exemplar needs labels in braces',
      '3: no exemplar value',
      '4: unexpected "3" after the exemplar',
    ])
  })

  it('gives families their type, help and samples', () => {
    const text =
      '# HELP s a \\\\ and\\na "line"\n# TYPE s summary\ns{quantile="0.5"} NaN\ns_sum 0\ns_count 0\n# a comment\n#TYPE s gauge\n# TYPE c counter\nc_total 1\n'
    expect(parseExposition(text)).toMatchObject({
      errors: [],
      families: [
        { name: 's', type: 'summary', help: 'a \\ and\na "line"', sampleCount: 3 },
        { name: 'c', type: 'counter', sampleCount: 0 },
        { name: 'c_total', type: 'untyped', sampleCount: 1 },
      ],
    })
  })

  it('tells the format by what only OpenMetrics says', () => {
    expect(detectFormat('a 1\n# EOF\n')).toBe('openmetrics')
    expect(detectFormat('# TYPE a info\na_info 1\n')).toBe('openmetrics')
    expect(detectFormat('# TYPE a gauge\na 1\n')).toBe('prometheus')
  })
})

describe('what is refused', () => {
  it.each([
    ['%%% nope\n', '1: invalid metric name at "%%% nope"'],
    ['ok 1\n%%% nope', '2: invalid metric name at "%%% nope"'],
    ['1a 1\n', '1: invalid metric name at "1a 1"'],
    ['a-b 1\n', '1: the value "-b" is not a number'],
    ['a\n', '1: no value'],
    ['a one\n', '1: the value "one" is not a number'],
    ['a 1_000\n', '1: the value "1_000" is not a number'],
    ['a 1e999\n', '1: the value "1e999" is not a number'],
    ['a 1 1.5\n', '1: the timestamp "1.5" is not a whole number of milliseconds'],
    ['a 1 2 3\n', '1: unexpected "3" after the timestamp'],
    ['a{b} 1\n', '1: no "=" after label "b"'],
    ['a{b=c} 1\n', '1: the value of label "b" is not quoted'],
    ['a{b="c} 1\n', '1: no closing quote after "\\"c} 1"'],
    ['a{b="c" 1\n', '1: no "," or "}" after label "b"'],
    ['a{b="c",\n', '1: no closing brace'],
    ['a{b:c="d"} 1\n', '1: no "=" after label "b"'],
    ['a{b="\\q"} 1\n', '1: invalid escape \\q: write \\\\, \\n or \\"'],
    ['a{b="c",b="d"} 1\n', '1: label "b" stands twice'],
    ['a 1\na 2\n', '2: series "a" with these labels stands twice'],
    ['a{b="1",c="2"} 1\na{ c="2", b="1" } 2\n', '2: series "a" with these labels stands twice'],
    ['a{b=""} 1\na 2\n', '2: series "a" with these labels stands twice'],
    ['a{b="\\\\"} 1\na{c="",b="\\\\"} 2\n', '2: series "a" with these labels stands twice'],
    ['a 1\r\n', '1: carriage return at the end of the line: end lines with a line feed alone'],
    ['# TYPE a fish\n', '1: unknown type "fish"; known: counter, gauge, untyped, histogram, summary'],
    ['# TYPE a gauge gauge\n', '1: TYPE for "a" has more than one word: "gauge gauge"'],
    ['# TYPE a\n', '1: TYPE for "a" names no type'],
    ['# TYPE 1a gauge\n', '1: TYPE with an invalid metric name at "1a gauge"'],
    ['# TYPE a gauge\n# TYPE a gauge\n', '2: second TYPE for "a"'],
    ['# HELP a x\n# HELP a y\n', '2: second HELP for "a"'],
    ['# HELP a x \\q\n', '1: invalid escape \\q: write \\\\, \\n or \\"'],
    ['a 1\n# TYPE a gauge\n', '2: TYPE for "a" after its samples'],
    ['a_sum 1\n# TYPE a summary\n', '2: TYPE for "a" after its samples'],
    ['a{x="1"} 1\nb 1\na{x="2"} 1\n', '3: family "a" continues after lines of another family'],
    ['# TYPE h histogram\nh 1\n', '2: a sample of histogram "h" needs the suffix _bucket or _sum or _count'],
    ['# TYPE h histogram\nh_bucket 1\n', '2: label le is missing'],
    ['# TYPE h histogram\nh_bucket{le="x"} 1\n', '2: label le is "x", not a number'],
    ['# TYPE s summary\ns{quantile="2"} 1\n', '2: label quantile is "2", not a number from 0 to 1'],
  ])('%j', (text, reason) => {
    expect(reasons(text)).toEqual([reason])
  })

  it.each([
    ['a 1\n', '2: the text ends without # EOF: it may have been cut off'],
    ['a 1', '2: the text ends without # EOF: it may have been cut off'],
    ['a 1\n# EOF\na 2\n', '3: a line after # EOF'],
    ['a 1\n\n# EOF', '2: empty line'],
    ['# comment\n# EOF', '1: "# comment" is no HELP, TYPE, UNIT or EOF: OpenMetrics has no comments'],
    [
      '# TYPE a untyped\n# EOF',
      '1: unknown type "untyped"; known: gauge, unknown, stateset, counter, info, histogram, gaugehistogram, summary',
    ],
    ['# TYPE a counter\na 1\n# EOF', '2: a sample of counter "a" needs the suffix _total or _created'],
    ['# UNIT a seconds\n# EOF', '1: the name "a" does not end in its unit _seconds'],
    ['a 1 NaN\n# EOF', '1: the timestamp "NaN" is not finite'],
    ['a 1 2\na 1 2\n# EOF', '2: series "a" with these labels stands twice'],
  ])('OpenMetrics %j', (text, reason) => {
    expect(reasons(text, { format: 'openmetrics' })).toEqual([reason])
  })

  it('takes several points of one OpenMetrics series in order of time, and unknown escapes as they stand', () => {
    expect(plain('a{b="\\q"} 1 1\na{b="\\q"} 2 2\n# EOF')).toEqual([
      { name: 'a', labels: { b: '\\q' }, value: 1, timestampMs: 1000 },
      { name: 'a', labels: { b: '\\q' }, value: 2, timestampMs: 2000 },
    ])
  })

  it('keeps the samples of families in disorder', () => {
    expect(plain('a{x="1"} 1\nb 1\na{x="2"} 2\n')).toHaveLength(3)
  })
})

describe('limits', () => {
  it('stops at the limits of body, series and errors', () => {
    expect(parseExposition('a 1\nb 1\nc 1\nd 1\n', { limits: { series: 2 } })).toMatchObject({
      samples: [{ name: 'a' }, { name: 'b' }],
      errors: [{ line: 3, reason: 'more than 2 series; the rest was not read' }],
      stoppedBy: 'series',
    })
    expect(parseExposition('a 1\n', { limits: { bodyChars: 3 } })).toMatchObject({ samples: [], stoppedBy: 'body', errors: [{ line: 0 }] })
    const garbage = parseExposition('%\n'.repeat(5_000))
    expect(garbage.stoppedBy).toBe('errors')
    expect(garbage.errors).toHaveLength(1_001)
  })

  it('drops a line above the limits and reads on', () => {
    const labels = (count: number) => Array.from({ length: count }, (_, i) => `l${i}="v"`).join()
    expect(reasons(`a{${labels(65)}} 1\na{${labels(64)}} 1\nb{c="${'x'.repeat(1025)}"} 1\nb{c="${'x'.repeat(1024)}"} 1\n`)).toEqual([
      '1: more than 64 labels',
      '3: the value of label "c" has 1025 characters; the limit is 1024',
    ])
    const long = 'x'.repeat(300_000)
    expect(reasons(`a 1\n${long}\nb 1\n`)).toEqual(['2: the line has 300000 characters; the limit is 262144'])
    const errors: string[] = []
    const names: string[] = []
    const parser = createExpositionParser({
      onSample: ({ name }) => names.push(name),
      onError: (line, reason) => errors.push(`${line}: ${reason}`),
    })
    for (const chunk of ['a 1\n', long, long, 'x\nb 1\n%']) parser.push(chunk)
    parser.end()
    expect(names).toEqual(['a', 'b'])
    expect(errors).toEqual(['2: the line has more than 262144 characters', '4: invalid metric name at "%"'])
  })
})

describe('properties', () => {
  it('reads every double as JavaScript does', () => {
    const read = (text: string) => readNumber(text, 0, text.length)
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => Object.is(read(String(value)), Number(String(value)))),
    )
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) =>
        Object.is(read(value.toExponential()), Number(value.toExponential())),
      ),
    )
    fc.assert(
      fc.property(fc.integer(), fc.nat(30), (whole, places) => Object.is(read(`${whole}e-${places}`), Number(`${whole}e-${places}`))),
    )
    fc.assert(fc.property(fc.string({ maxLength: 6 }), (text) => read(text) === undefined || /^[-+]?[\d.]|inf|nan/i.test(text)))
  })

  it('never throws and never loses a good line between bad ones', () => {
    const bad = fc.string({ unit: fc.constantFrom(...'a{}"=,\\# 1.e+-NT\t%\r') }).map((line) => `%${line}`)
    fc.assert(
      fc.property(fc.array(bad, { maxLength: 20 }), (lines) => {
        const text = lines.map((line, i) => `${line}\ngood_${i}{a="b"} ${i}\n`).join('')
        const { samples, errors } = parseExposition(text, { format: 'prometheus' })
        expect(samples.map(({ value }) => value)).toEqual(lines.map((_, i) => i))
        expect(errors.map(({ line }) => line)).toEqual(lines.map((_, i) => 2 * i + 1))
      }),
    )
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'ab{}"=,\\# 1.e+-\t\n') }), (text) => checkExposition(text).samples >= 0))
  })

  it('gives back what a writer of the format wrote', () => {
    const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,8}$/)
    const quotedName = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }).filter((text) => !text.includes('\r'))
    const labels = fc.uniqueArray(
      fc.tuple(
        quotedName,
        fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !text.includes('\r')),
      ),
      {
        selector: ([label]) => label,
        maxLength: 5,
      },
    )
    const sample = fc.record({
      labels,
      value: fc.double().map((value) => value + 0),
      timestampMs: fc.option(fc.integer(), { nil: undefined }),
    })
    const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    fc.assert(
      fc.property(fc.uniqueArray(fc.oneof(name, quotedName)), fc.array(sample, { maxLength: 6 }), (names, samples) => {
        const identity = ({ labels: pairs }: (typeof samples)[number]) => JSON.stringify(pairs.filter(([, value]) => value !== '').sort())
        const unique = samples.filter((one, i) => samples.findIndex((other) => identity(other) === identity(one)) === i)
        const written = names.flatMap((metric) => unique.map((one) => ({ name: metric, ...one })))
        const text = written.map((one) => {
          const inner = [`"${escaped(one.name)}"`, ...one.labels.map(([label, value]) => `"${escaped(label)}"="${escaped(value)}"`)].join()
          return `{${inner}} ${one.value} ${one.timestampMs ?? ''}\n`
        })
        expect(parseExposition(text.join(''), { format: 'prometheus' })).toMatchObject({
          errors: [],
          samples: written.map(({ labels: pairs, timestampMs, ...rest }) => ({
            ...rest,
            labels: new Map(pairs.filter(([, text]) => text !== '')),
            ...(timestampMs === undefined ? {} : { timestampMs }),
          })),
        })
      }),
    )
  })

  it("reads prom-client's own output", async () => {
    const value = fc.double({ noNaN: true, min: 0 })
    const label = fc.string({ unit: 'grapheme', maxLength: 10 }).filter((text) => !text.includes('\r'))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(label, value), { maxLength: 5 }), label, async (pairs, help) => {
        const registry = new Registry()
        const common = { help: help || 'help', labelNames: ['a'], registers: [registry] }
        const gauge = new Gauge({ ...common, name: 'g' })
        const counter = new Counter({ ...common, name: 'c_total' })
        const histogram = new Histogram({ ...common, name: 'h' })
        const summary = new Summary({ ...common, name: 's' })
        const expected = new Map<string, number>()
        for (const [a, number] of pairs) {
          gauge.set({ a }, number)
          counter.inc({ a }, 1)
          histogram.observe({ a }, number)
          summary.observe({ a }, number)
          expected.set(a, number)
        }
        const { samples, families, errors } = parseExposition(await registry.metrics())
        expect(errors).toEqual([])
        expect(families.map(({ type }) => type)).toEqual(['gauge', 'counter', 'histogram', 'summary'])
        expect(families[0]?.help).toBe(help || 'help')
        expect(new Map(samples.filter(({ name }) => name === 'g').map(({ labels, value: read }) => [labels.get('a') ?? '', read]))).toEqual(
          expected,
        )
        expect(samples).toHaveLength(expected.size * (1 + 1 + 14 + 9))
      }),
      { numRuns: 50 },
    )
  })
})
