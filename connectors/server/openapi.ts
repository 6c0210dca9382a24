/** The OpenAPI 3.1 document, made from the shapes that also check the requests. Shapes with a name here become components. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { decisionShape } from '../../models/contracts/decision.ts'
import { activeFaultShape, faultShape } from '../../models/contracts/fault.ts'
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

const schemaRegistry = z.registry<{ id: string }>()
for (const [id, shape] of Object.entries(COMPONENTS)) schemaRegistry.add(shape, { id })
const PROBLEM_REFERENCE = {
  description: 'What is wrong, where, and the remedy (RFC 9457).',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

const toComponents = createJsonSchemaTransformObject({ schemaRegistry })

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
  transform: createJsonSchemaTransform({ schemaRegistry }),
  transformObject: (document) => {
    const complete = toComponents(document)
    for (const path of Object.values(complete.paths ?? {})) {
      for (const operation of Object.values(path ?? {})) {
        if (hasResponses(operation)) operation.responses.default = PROBLEM_REFERENCE
      }
    }
    return complete
  },
}

function hasResponses(operation: unknown): operation is { responses: Record<string, unknown> } {
  return typeof operation === 'object' && operation !== null && 'responses' in operation && typeof operation.responses === 'object'
}
