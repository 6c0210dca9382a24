import { describe, expect, it } from '@jest/globals'
import type { InferenceRequest } from '../../../models/entities/request.ts'
import { aRequest } from '../../../models/testing/entities.ts'
import type { PodEnd, PodFacts } from './pod-facts.ts'
import { createRequestBook } from './request-book.ts'

const read = { request: 'web.shop', camera: 'cam-1', application: 'alexnet', stage: 'infer', frames: 1 }
const AT_MS = 1_000_000
const stamp = (timeMs: number) => ({ site: 'lab', timeMs })

function aBook(known: readonly InferenceRequest[] = []) {
  const book = createRequestBook(new Map(), new Map(known.map((request) => [request.id, request])))
  const pods = new Map<string, PodFacts>()
  const open = (name: string, wanted: Partial<typeof read> = {}): string => {
    const spec = book.specFor({ ...read, ...wanted })
    const facts = { uid: name, spec, createdMs: AT_MS, hold: '', place: null, boundMs: null, startedMs: null, warnings: [], end: null }
    pods.set(name, facts)
    book.note({ name, told: null, now: facts, isReplaced: true }, stamp(AT_MS))
    return `${spec.request} ${spec.iteration}`
  }
  const end = (name: string, type: PodEnd['type'], isReplaced = true) => {
    const told = pods.get(name)!
    const how: PodEnd = type === 'finished' ? { type, timeMs: AT_MS + 500 } : { type, timeMs: AT_MS + 500, reason: '', by: '' }
    const events = book.note({ name, told, now: { ...told, end: how }, isReplaced }, stamp(AT_MS + 500))
    return events.map((event) => (event.type === 'inference.completed' ? `${event.id} ${event.succeeded} ${event.latencyMs}` : event.type))
  }
  return { open, end, giveUp: (timeMs: number) => book.giveUp(stamp(timeMs)) }
}

describe('the request of a pod', () => {
  it('is its own for each of the pods of one owner that live side by side', () => {
    const { open } = aBook()
    expect([open('a'), open('b'), open('c')]).toEqual(['web.shop 0', 'web.shop--2 0', 'web.shop--3 0'])
  })

  it('is that of the pod it takes over from', () => {
    const { open, end } = aBook()
    open('a')
    open('b')
    expect(end('a', 'evicted')).toEqual([])
    expect([open('c'), open('d')]).toEqual(['web.shop 1', 'web.shop--3 0'])
  })

  it('is done when its last stage is, and the next pod of the owner has another', () => {
    const { open, end } = aBook()
    const stages = { application: 'yolov4' }
    open('pre', { ...stages, stage: 'pre' })
    expect(end('pre', 'finished')).toEqual([])
    expect(open('post', { ...stages, stage: 'post' })).toBe('web.shop 0')
    expect(end('post', 'finished')).toEqual(['web.shop true 500'])
    expect(open('again', { ...stages, stage: 'pre' })).toBe('web.shop--2 0')
  })

  it('has failed with a pod that nobody replaces, and else when nobody took over within a minute', () => {
    const { open, end, giveUp } = aBook()
    open('bare')
    expect(end('bare', 'failed', false)).toEqual(['web.shop false 500'])
    open('owned')
    expect(end('owned', 'failed')).toEqual([])
    expect(giveUp(AT_MS + 60_000)).toEqual([])
    expect(giveUp(AT_MS + 60_500)).toMatchObject([{ type: 'inference.completed', id: 'web.shop--2', succeeded: false }])
    expect(giveUp(AT_MS + 99_999)).toEqual([])
  })

  it('is none that an earlier run brought to its end', () => {
    const { open } = aBook([{ ...aRequest(), id: 'web.shop', mode: 'completed' }])
    expect(open('a')).toBe('web.shop--2 0')
  })
})
