/** Makes the logger that every room is handed: one JSON line per record on stderr, secrets redacted. */
import { pino } from 'pino'
import type { Logger } from '../models/ports.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

export function makeLogger(level: (typeof LOG_LEVELS)[number]): Logger {
  return pino({ level, base: null, redact: ['token', '*.token', 'headers.authorization'] }, pino.destination({ dest: 2, sync: true }))
}
