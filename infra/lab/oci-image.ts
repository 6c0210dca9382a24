/**
 * Container images without a container engine: an OCI image layout in a tar archive, as `ctr images import` reads it.
 *
 * The same layers and settings give the same bytes. A layer that several images share is in the archive once.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TarEntry, type Written, writeTar } from './tar.ts'

export type Layer = readonly TarEntry[]

export interface Image {
  /** In full, such as docker.io/library/edgetwin:local, which people may shorten to edgetwin:local. */
  readonly name: string
  readonly layers: readonly Layer[]
  readonly entrypoint: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly workdir?: string
  /** A number: who must not run as root is only believed when it is one. */
  readonly user?: string
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

const MEDIA = 'application/vnd.oci.image'

/** @returns of the archive. */
export function writeImages(file: string, images: readonly Image[]): Written {
  const scratch = mkdtempSync(join(dirname(file), 'layers-'))
  try {
    const blobs = new Map<string, TarEntry>()
    const layers = new Map<Layer, Descriptor>()
    const put = (value: unknown, type: string) => {
      const content = Buffer.from(JSON.stringify(value))
      return descriptor({ sha256: sha256(content), sizeBytes: content.length }, type, () => content)
    }
    const descriptor = ({ sha256, sizeBytes }: Written, type: string, content: () => Buffer): Descriptor => {
      const path = `blobs/sha256/${sha256}`
      blobs.set(path, { path, is: 'file', mode: 0o644, content })
      return { mediaType: `${MEDIA}.${type}`, digest: `sha256:${sha256}`, size: sizeBytes }
    }
    const putLayer = (layer: Layer) => {
      const path = join(scratch, String(layers.size))
      const put = layers.get(layer) ?? descriptor(writeTar(path, layer), 'layer.v1.tar', () => readFileSync(path))
      layers.set(layer, put)
      return put
    }
    const manifests = images.map((image) => {
      const contents = image.layers.map(putLayer)
      const config = put(configOf(image, contents), 'config.v1+json')
      const manifest = put({ schemaVersion: 2, mediaType: `${MEDIA}.manifest.v1+json`, config, layers: contents }, 'manifest.v1+json')
      return { ...manifest, platform: PLATFORM, annotations: { 'io.containerd.image.name': image.name } }
    })
    const top = (path: string, value: unknown): TarEntry => ({
      path,
      is: 'file',
      mode: 0o644,
      content: () => Buffer.from(JSON.stringify(value)),
    })
    return writeTar(file, [
      top('oci-layout', { imageLayoutVersion: '1.0.0' }),
      top('index.json', { schemaVersion: 2, mediaType: `${MEDIA}.index.v1+json`, manifests }),
      ...blobs.values(),
    ])
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

const PLATFORM = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch } as const

function configOf(image: Image, layers: readonly { readonly digest: string }[]): unknown {
  const { entrypoint, command = [], environment = {}, workdir = '/', user = '0' } = image
  return {
    ...PLATFORM,
    config: {
      Entrypoint: entrypoint,
      Cmd: command,
      Env: Object.entries({ PATH: '/usr/local/bin:/usr/bin:/bin', ...environment }).map(([name, value]) => `${name}=${value}`),
      WorkingDir: workdir,
      User: user,
    },
    // Of the layers unpacked: the same, as ours are not compressed.
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  }
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex')
