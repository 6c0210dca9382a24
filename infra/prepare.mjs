/**
 * Runs before every npm script, on whatever Node the machine has: installs the dependencies when they are
 * missing or older than the lock file, then builds the viewer when asked and out of date. Plain JavaScript
 * for Node 20, because the Node 24 that the rest needs arrives with the dependencies. Speaks on stderr only,
 * so that `npm run -s twinctl` prints nothing but its answer.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const majorOf = (version) => Number.parseInt(version.replace('v', ''), 10)
const modifiedMs = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)

function run(title, command, args) {
  process.stderr.write(`edgetwin: ${title} …\n`)
  // npm's own output goes to stderr too: stdout belongs to the script that follows.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (status === 0) return
  process.stderr.write(
    `edgetwin: ${title} failed (${error?.message ?? `exit code ${status}`}). Run \`${command} ${args.join(' ')}\` to see why.\n`,
  )
  process.exit(1)
}

const installedMs = modifiedMs(join(root, 'node_modules', '.package-lock.json'))
if (installedMs === 0 || installedMs < modifiedMs(join(root, 'package-lock.json'))) {
  // Not `npm ci`: it refuses the whole lock file when a registry lacks one optional package of another platform.
  run('installing dependencies', 'npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
}

// Where no package brings Node 24, npm would run the script on the machine's own, which cannot even load TypeScript.
const NODE_MIN = 24
if (majorOf(process.version) < NODE_MIN) {
  const brought = spawnSync(join(root, 'node_modules', '.bin', 'node'), ['--version'], { encoding: 'utf8' })
  if (brought.status !== 0 || majorOf(brought.stdout) < NODE_MIN) {
    process.stderr.write(
      `edgetwin: NODE_TOO_OLD: this is Node ${process.versions.node}, edgetwin needs ${NODE_MIN}, and no package brought it for ` +
        `${process.platform} ${process.arch}. Install Node ${NODE_MIN}, or run \`npm install\` with optional dependencies.\n`,
    )
    process.exit(1)
  }
}

if (process.argv.includes('viewer')) {
  const builtMs = modifiedMs(join(root, 'ui', 'viewer', 'dist', 'index.html'))
  const sources = ['ui/viewer', 'models'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(tsx?|css|html|svg)$/.test(name) && !name.startsWith('dist') && !name.includes('.test.'))
      .map((name) => join(root, room, name)),
  )
  if (sources.some((file) => modifiedMs(file) > builtMs)) run('building the viewer', 'npm', ['run', '-s', 'build:viewer'])
}
