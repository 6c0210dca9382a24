/**
 * Finds the program of a service, or fetches its Debian package and unpacks it into the cache.
 *
 * Nothing is installed: no root is needed, the system stays as it was, and no service starts by itself. The same goes
 * for shared libraries that the machine lacks.
 */
import { accessSync, constants, existsSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { TwinError } from '../../models/errors.ts'
import { cached, type Progress } from './cache.ts'
import { runTool, type ToolOptions } from './tools.ts'

export interface WantedProgram {
  readonly program: string
  /** Those in the same folder that are needed too. */
  readonly besides?: readonly string[]
  /** What a person would `apt-get install`. */
  readonly debianPackage: string
  /** Those among what that would install which hold the program; without it, the package itself. */
  readonly holds?: RegExp
  /** Where it lies besides PATH, as a glob below the root: Debian keeps PostgreSQL's servers off PATH. */
  readonly folder?: string
}

export interface FoundProgram {
  readonly file: string
  /** To run it with: where its libraries are. */
  readonly env: Readonly<Record<string, string>>
  /** It lies in our cache, which other users may not read. */
  readonly isCached: boolean
  /** Root of the tree that holds it: `/`, or a folder of the cache. */
  readonly root: string
}

/** @throws TwinError LAB_FAILED with the command that would install it. */
export async function findProgram(wanted: WantedProgram, progress: Progress): Promise<FoundProgram> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...(wanted.folder === undefined ? [] : globSync(join('/', wanted.folder)))]
  const file = folders.map((folder) => join(folder, wanted.program)).find(isExecutable)
  if (file !== undefined) return { file, env: {}, isCached: false, root: '/' }
  const root = await cached({ name: wanted.debianPackage, key: JSON.stringify([wanted, process.arch, release()]) }, (dir) => {
    progress(`fetching ${wanted.debianPackage} from the system's package archive`)
    return fetchPackage(dir, wanted)
  })
  return { ...programIn(root, wanted), isCached: true, root }
}

/** @param root of an unpacked package. */
export function programIn(root: string, wanted: WantedProgram): Pick<FoundProgram, 'file' | 'env'> {
  return { file: fileIn(root, wanted), env: librariesOf(root) }
}

async function fetchPackage(dir: string, wanted: WantedProgram): Promise<void> {
  const debs = join(dir, '.debs')
  mkdirSync(debs)
  try {
    await unpackPackage({ dir, debs, options: [] }, wanted)
  } catch {
    // The system has no lists, or they are out of date: fetch our own, as only root may renew the system's.
    for (const folder of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(debs, folder), { recursive: true })
    const options = [`Dir::State::lists=${join(debs, 'lists')}`, `Dir::Cache=${join(debs, 'cache')}`, 'APT::Sandbox::User=']
    const apt: Apt = { dir, debs, options: options.flatMap((option) => ['-o', option]) }
    await run(apt, ['update', '-qq'], wanted)
    await unpackPackage(apt, wanted)
  }
  rmSync(debs, { recursive: true })
}

interface Apt {
  readonly dir: string
  readonly debs: string
  readonly options: readonly string[]
}

async function unpackPackage(apt: Apt, wanted: WantedProgram): Promise<void> {
  const all = packagesIn(await run(apt, ['install', '--simulate', '--no-install-recommends', wanted.debianPackage], wanted))
  const { holds } = wanted
  await unpack(
    apt,
    all.filter((name) => (holds === undefined ? name === wanted.debianPackage : holds.test(name))),
    wanted,
  )
  if ((await missing(apt.dir, wanted)).length === 0) return
  await unpack(apt, all.filter(isLibrary), wanted)
  const lacking = await missing(apt.dir, wanted)
  if (lacking.length > 0) throw lost(`${wanted.program} lacks ${lacking.join(', ')}`, wanted)
}

async function unpack(apt: Apt, packages: readonly string[], wanted: WantedProgram): Promise<void> {
  if (packages.length === 0) throw lost(`apt knows no package that holds ${wanted.program}`, wanted)
  await run(apt, ['download', '-qq', ...packages], wanted)
  for (const deb of globSync(join(apt.debs, '*.deb'))) {
    await runTool('dpkg-deb', ['-x', deb, apt.dir], tool(wanted))
    rmSync(deb)
  }
}

async function missing(root: string, wanted: WantedProgram): Promise<string[]> {
  const file = fileIn(root, wanted)
  const files = [file, ...(wanted.besides ?? []).map((name) => join(dirname(file), name))]
  return missingIn(await runTool('ldd', files, { ...tool(wanted), env: librariesOf(root) }))
}

function fileIn(root: string, wanted: WantedProgram): string {
  const file = ['usr/bin', 'usr/sbin', wanted.folder ?? 'bin']
    .flatMap((folder) => globSync(join(root, folder, wanted.program)))
    .find(isExecutable)
  if (file === undefined) throw lost(`${wanted.program} is not in the package`, wanted)
  return file
}

function librariesOf(root: string): Record<string, string> {
  const folders = globSync(['usr/lib/*-linux-gnu*', 'lib/*-linux-gnu*'].map((folder) => join(root, folder)))
  return folders.length === 0 ? {} : { LD_LIBRARY_PATH: folders.join(':') }
}

const run = ({ debs, options }: Apt, args: readonly string[], wanted: WantedProgram): Promise<string> =>
  runTool('apt-get', [...options, ...args], { ...tool(wanted), cwd: debs, env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' } })

const remedy = ({ program, debianPackage }: WantedProgram): string =>
  `install it so that ${program} is on PATH: sudo apt-get install --no-install-recommends ${debianPackage}`
const tool = (wanted: WantedProgram): ToolOptions => ({ remedy: remedy(wanted) })
const lost = (what: string, wanted: WantedProgram): TwinError => new TwinError('LAB_FAILED', `${what}; ${remedy(wanted)}`)

/** @param simulated what `apt-get install --simulate` says. */
export function packagesIn(simulated: string): string[] {
  return [...simulated.matchAll(/^Inst (\S+) /gm)].map(([, name]) => name!)
}

/** Of the libraries a program needs, not the JavaScript, Perl or Python that Debian names alike. */
export function isLibrary(name: string): boolean {
  return name.startsWith('lib') && !/^libjs-|-perl$|-dev$/.test(name)
}

/** @param linked what `ldd` says. */
export function missingIn(linked: string): string[] {
  return [...linked.matchAll(/^\s*(\S+) => not found/gm)].map(([, name]) => name!)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A package of one release of a system does not run on another. */
function release(): string {
  return existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : process.platform
}
