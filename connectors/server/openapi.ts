/** The OpenAPI 3.1 document, made from the shapes that also check the requests. Shapes with a name here become components. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { decisionShape } from '../../models/contracts/decision.ts'
import { activeFaultShape, faultShape } from '../../models/contracts/fault.ts'
import { storedJobShape } from '../../models/contracts/jobs.ts'
import { streamStatusShape } from '../../models/contracts/stream.ts'
import { twinJsonShape } from '../../models/contracts/twin-json.ts'
import { editShape, whatIfAnswerShape, whatIfQueryShape } from '../../models/contracts/what-if.ts'
import { ENTITY_SHAPES } from '../../models/entities/entities.ts'
import { twinEventShape } from '../../models/events/events.ts'
import { problemShape } from './problem-details.ts'

const COMPONENTS: Readonly<Record<string, z.ZodType>> = {
  Node: ENTITY_SHAPES.node,
  Camera: ENTITY_SHAPES.camera,
  Accelerator: ENTITY_SHAPES.accelerator,
  Link: ENTITY_SHAPES.link,
  Pod: ENTITY_SHAPES.pod,
  InferenceRequest: ENTITY_SHAPES.request,
  Job: ENTITY_SHAPES.job,
  DecisionRecord: ENTITY_SHAPES.decision,
  StoredJob: storedJobShape,
  Decision: decisionShape,
  Twin: twinJsonShape,
  TwinEvent: twinEventShape,
  Edit: editShape,
  WhatIfQuery: whatIfQueryShape,
  WhatIfAnswer: whatIfAnswerShape,
  Status: streamStatusShape,
  Fault: faultShape,
  ActiveFault: activeFaultShape,
  Problem: problemShape,
}

// The global registry also holds the descriptions.
for (const [id, shape] of Object.entries(COMPONENTS)) z.globalRegistry.add(shape, { ...z.globalRegistry.get(shape), id })
const PROBLEM_REFERENCE = {
  description: 'What is wrong, where, and the remedy (RFC 9457).',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

export const swaggerOptions: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'edgetwin',
      version: '1',
      description: 'A live copy of an edge cluster: what it is doing, what would happen if, and the best placement now.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    // Without a token on a loopback server, else with it.
    security: [{}, { token: [] }],
  },
  transform: jsonSchemaTransform,
  transformObject: jsonSchemaTransformObject,
}

const documentShape = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ responses: z.record(z.string(), z.unknown()) }))),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
})

export function describeApi(app: { swagger(): unknown }): object {
  // The wildcard is a name with slashes in it.
  const text = JSON.stringify(app.swagger()).replaceAll('{*}', '{name}').replaceAll('"*"', '"name"')
  const document = documentShape.parse(JSON.parse(text))
  for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path))) {
    operation.responses.default = PROBLEM_REFERENCE
  }
  document.components.schemas = onlyReferenced(document.components.schemas, document.paths)
  return document
}

/** Each shape is described once as input and once as output; most are only one of them. */
function onlyReferenced<T>(schemas: Readonly<Record<string, T>>, from: object): Record<string, T> {
  const kept: Record<string, T> = {}
  const visit = (place: unknown) => {
    for (const [, id] of JSON.stringify(place).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (kept[id!] !== undefined || schemas[id!] === undefined) continue
      kept[id!] = schemas[id!]!
      visit(schemas[id!])
    }
  }
  visit(from)
  return kept
}
