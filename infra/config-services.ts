/**
 * Settings of the outside services: without them edgetwin keeps everything in its own process and files.
 *
 * A secret is never a setting, only the file that holds it: settings end up in process lists, logs and shells.
 */
import { z } from 'zod'
import { flag, text } from './config-shapes.ts'

const file = text.optional()
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be a URL such as http://127.0.0.1:9090' }).refine(hasNoPassword, {
  error: 'must not hold a password; name a file that does',
})
/** In a flag or a variable: separated by commas. */
const list = z.preprocess(
  (given) => (typeof given === 'string' ? given.split(',').map((part) => part.trim()) : given),
  z.array(z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'must be host:port, several separated by commas')).min(1),
)

export const serviceSettings = {
  eventLog: z
    .enum(['embedded', 'kafkajs', 'platformatic'])
    .default('embedded')
    .describe('event log: embedded (in process), or Kafka through the client kafkajs or platformatic'),
  kafkaBrokers: list.optional().describe('Kafka brokers, host:port separated by commas'),
  kafkaGroup: text.optional().describe('consumer group: its processes share the sites among them; without it this one reads its own'),
  publicUrl: httpUrl.optional().describe('where the others of the group reach this process, when that is not where it listens'),
  kafkaEnsureTopics: flag.default(false).describe('create missing topics at start'),
  kafkaTopicPrefix: z
    .string()
    .regex(/^[a-z0-9.]*$/, 'must be of a–z, 0–9 and dots')
    .default('')
    .describe('put before every topic name'),
  kafkaTls: flag.default(false).describe('encrypt the connection to Kafka'),
  kafkaCaFile: file.describe("PEM file of the authority that signed the brokers' certificates"),
  kafkaCertFile: file.describe('PEM file of our client certificate'),
  kafkaKeyFile: file.describe('PEM file of its key'),
  kafkaUsername: text.optional().describe('SASL user'),
  kafkaPasswordFile: file.describe('file that holds the SASL password'),
  kafkaSaslMechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).default('scram-sha-512').describe('SASL mechanism'),
  prometheusUrl: httpUrl.optional().describe('read the exporters through this Prometheus instead of scraping them'),
  prometheusUsername: text.optional().describe('its user'),
  prometheusPasswordFile: file.describe('file that holds its password, or without a user its bearer token'),
  prometheusTargetsFile: file.describe('where to write which exporters there are, for a Prometheus on this machine that watches the file'),
  history: z.enum(['sqlite', 'influx', 'none']).default('sqlite').describe('where the history of numbers is kept'),
  influxUrl: httpUrl.optional().describe('InfluxDB 1.x'),
  influxDatabase: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'must be of letters, digits and _')
    .default('edgetwin')
    .describe('its database'),
  influxUsername: text.optional().describe('its user'),
  influxPasswordFile: file.describe('file that holds its password'),
  jobs: z.enum(['sqlite', 'postgres', 'none']).default('sqlite').describe('where the job database is'),
  postgresUrl: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be a URL such as postgres://edgetwin@127.0.0.1:5432/edgetwin' })
    .refine(hasNoPassword, { error: 'must not hold a password; name a file that does with postgresPasswordFile' })
    .optional()
    .describe('PostgreSQL of the jobs, without the password'),
  postgresPasswordFile: file.describe('file that holds its password'),
} as const

export type ServiceSettings = Readonly<z.infer<z.ZodObject<typeof serviceSettings>>>

/** Settings that only make sense together: [what is missing, when, why]. */
const NEEDED: readonly (readonly [keyof ServiceSettings, (settings: ServiceSettings) => boolean, string])[] = [
  ['kafkaBrokers', ({ eventLog }) => eventLog !== 'embedded', 'eventLog is Kafka'],
  ['kafkaPasswordFile', ({ kafkaUsername }) => kafkaUsername !== undefined, 'there is a kafkaUsername'],
  ['kafkaKeyFile', ({ kafkaCertFile }) => kafkaCertFile !== undefined, 'there is a kafkaCertFile'],
  ['influxUrl', ({ history }) => history === 'influx', 'history is influx'],
  ['influxPasswordFile', ({ influxUsername }) => influxUsername !== undefined, 'there is an influxUsername'],
  ['postgresUrl', ({ jobs }) => jobs === 'postgres', 'jobs is postgres'],
]

export function checkServices(settings: ServiceSettings, fault: (path: string, message: string) => void): void {
  for (const [name, isNeeded, why] of NEEDED) {
    if (settings[name] === undefined && isNeeded(settings)) fault(name, `is missing, and ${why}`)
  }
}

function hasNoPassword(given: string): boolean {
  return URL.canParse(given) && new URL(given).password === ''
}
