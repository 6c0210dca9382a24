#!/usr/bin/env node
/** Entry of the command line tool: joins the command tree to this process. */
import { readFileSync } from 'node:fs'
import { runProgram } from './program.ts'

// Who reads us may stop, as `head` does; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
process.exitCode = await runProgram(process.argv.slice(2), { streams: process, version })
