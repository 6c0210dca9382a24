/**
 * The images that real workers run: edgetwin and its exporter as their Containerfiles say, and the pause that holds a pod together.
 *
 * Nothing is fetched: Node and its libraries are this machine's, the packages are those installed here.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Copied, keptByDockerignore, readContainerfile } from '../testing/containerfile.ts'
import { type Progress, silent } from './cache.ts'
import { type Image, type Layer, writeImages } from './oci-image.ts'
import { fileEntry, type TarEntry, type Written } from './tar.ts'
import { runTool } from './tools.ts'
import { PAUSE_IMAGE } from './worker-config.ts'

/** As people would name what they build: `docker build -f … -t edgetwin:local .` */
export const EDGETWIN_IMAGE = 'edgetwin:local'
export const EXPORTER_IMAGE = 'edgetwin-exporter:local'

/** Who `USER node` is in the official image of Node. */
const NODE_USER = 1_000
const ROOT = join(import.meta.dirname, '..', '..')

/** @param file of the archive. @throws TwinError LAB_FAILED */
export async function writeWorkerImages(file: string, runtime: string, progress: Progress = silent): Promise<Written> {
  if (!existsSync(join(ROOT, 'ui/viewer/dist/index.html'))) {
    progress('building the viewer for the image of edgetwin')
    await runTool(process.execPath, [join(ROOT, 'infra/prepare.mjs'), 'viewer'], { cwd: ROOT, remedy: 'run npm run build:viewer' })
  }
  const base: readonly Layer[] = [await nodeLayer(), packagesLayer()]
  return writeImages(file, [
    { name: PAUSE_IMAGE, layers: [[fileEntry('pause', join(runtime, 'pause'), 0o755)]], entrypoint: ['/pause'], user: '65535' },
    imageOf('infra/containers/Containerfile', EDGETWIN_IMAGE, base),
    imageOf('infra/containers/Containerfile.exporter', EXPORTER_IMAGE, base),
  ])
}

/** What the last stage of a Containerfile says, on a base of ours. */
function imageOf(containerfile: string, name: string, base: readonly Layer[]): Image {
  const { copies, workdir, environment, user, entrypoint, command } = readContainerfile(join(ROOT, containerfile)).at(-1)!
  return {
    name: `docker.io/library/${name}`,
    layers: [...base, copies.flatMap((copy) => copied(copy, workdir.slice(1)))],
    entrypoint,
    command,
    environment,
    workdir,
    user: user === 'node' ? String(NODE_USER) : '0',
  }
}

/** What another stage builds lies in the work tree too, where that stage has built it from. */
function copied({ stage, sources, target }: Copied, workdir: string): TarEntry[] {
  const isKept = stage === undefined ? keptByDockerignore() : () => true
  return sources
    .map((source) => source.replace(`/${workdir}/`, ''))
    .flatMap((source) => {
      const inside = join(workdir, target, target.endsWith('/') ? basename(source) : '')
      return filesIn(source).flatMap((path) => (isKept(path) ? [entryOf(path, join(inside, path.slice(source.length)))] : []))
    })
}

async function nodeLayer(): Promise<Layer> {
  const node = realpathSync(process.execPath)
  const linked = await runTool('ldd', [node], { remedy: 'ldd comes with the C library' })
  const libraries = [...new Set(linked.match(/\/\S+/g))].filter((path) => existsSync(path))
  return [
    fileEntry('usr/local/bin/node', node, 0o755),
    ...libraries.map((path) => fileEntry(path.slice(1), realpathSync(path), 0o755)),
    { path: 'etc/passwd', is: 'file', mode: 0o644, content: () => Buffer.from(PASSWD) },
    { path: 'tmp', is: 'folder', mode: 0o1777 },
    { path: 'data', is: 'folder', mode: 0o755, owner: NODE_USER },
  ]
}

const PASSWD = `root:x:0:0:root:/root:/sbin/nologin\nnode:x:${NODE_USER}:${NODE_USER}::/tmp:/sbin/nologin\n`

/** What no program reads while it runs: types, maps and papers, half of all files. */
const UNREAD = /\.(map|md|[cm]?ts)$/

/** Those that `npm install --omit=dev` would leave there, but for Node itself. */
function packagesLayer(): Layer {
  const { packages }: { packages: Record<string, { dev?: boolean; devOptional?: boolean }> } = JSON.parse(
    readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
  )
  const wanted = Object.entries(packages).flatMap(([path, { dev, devOptional }]) => {
    const isWanted = path !== '' && dev !== true && devOptional !== true && !/\/node-(bin-)?(linux|darwin)/.test(path)
    return isWanted && existsSync(join(ROOT, path)) ? [path] : []
  })
  // A package in another's folder is one of the list itself, or not wanted.
  const files = wanted.flatMap((path) => filesIn(path, 'node_modules')).filter((file) => !UNREAD.test(file))
  return files.map((file) => entryOf(file, join('edgetwin', file)))
}

function entryOf(source: string, path: string): TarEntry {
  const from = join(ROOT, source)
  const status = lstatSync(from)
  if (status.isSymbolicLink()) return { path, is: 'link', mode: 0o777, content: () => Buffer.from(readlinkSync(from)) }
  return fileEntry(path, from, (status.mode & 0o100) === 0 ? 0o644 : 0o755)
}

/** Of the work tree, the path itself when it is a file. */
function filesIn(path: string, without?: string): string[] {
  if (!lstatSync(join(ROOT, path)).isDirectory()) return [path]
  return readdirSync(join(ROOT, path)).flatMap((name) => (name === without ? [] : filesIn(`${path}/${name}`, without)))
}
