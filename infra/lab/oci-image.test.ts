import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type Image, writeImages } from './oci-image.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-oci-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const base = [{ path: 'bin/one', is: 'file', mode: 0o755, content: () => Buffer.from('one') }] as const
const images: readonly Image[] = [
  { name: 'example.com/one:1', layers: [base], entrypoint: ['/bin/one'] },
  {
    name: 'example.com/two:1',
    layers: [base, [{ path: 'data', is: 'folder', mode: 0o755 }]],
    entrypoint: ['one'],
    command: ['--fast'],
    environment: { A: 'b' },
    workdir: '/data',
    user: '1000',
  },
]

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

it('writes a layout whose every reference holds, a shared layer once', () => {
  const file = join(dir, 'images.tar')
  const { sha256 } = writeImages(file, images)
  expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(sha256)
  execFileSync('tar', ['-xf', file, '-C', dir])
  expect(JSON.parse(readFileSync(join(dir, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' })

  const referred = new Set<string>()
  const blob = ({ digest, size }: Descriptor): Buffer => {
    const content = readFileSync(join(dir, 'blobs/sha256', digest.replace('sha256:', '')))
    expect([`sha256:${createHash('sha256').update(content).digest('hex')}`, content.length]).toEqual([digest, size])
    referred.add(digest.replace('sha256:', ''))
    return content
  }
  const index = JSON.parse(readFileSync(join(dir, 'index.json'), 'utf8'))
  expect(index.manifests.map((each: { annotations: Record<string, string> }) => each.annotations['io.containerd.image.name'])).toEqual(
    images.map(({ name }) => name),
  )
  const configs = index.manifests.map((each: Descriptor) => {
    const manifest = JSON.parse(blob(each).toString())
    for (const layer of manifest.layers) blob(layer)
    const config = JSON.parse(blob(manifest.config).toString())
    expect(config.rootfs.diff_ids).toEqual(manifest.layers.map(({ digest }: Descriptor) => digest))
    return config
  })
  expect(readdirSync(join(dir, 'blobs/sha256')).sort()).toEqual([...referred].sort())
  expect(configs[1]).toMatchObject({
    os: 'linux',
    config: { Entrypoint: ['one'], Cmd: ['--fast'], Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'A=b'], WorkingDir: '/data', User: '1000' },
  })
  expect(configs[0].rootfs.diff_ids[0]).toBe(configs[1].rootfs.diff_ids[0])

  expect(writeImages(file, images).sha256).toBe(sha256)
  expect(readdirSync(dir).filter((name) => name.startsWith('layers-'))).toEqual([])
})
