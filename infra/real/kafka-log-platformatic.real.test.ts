import { createPlatformaticClient } from '../../connectors/kafka/platformatic-client.ts'
import { describeKafkaLog } from './kafka-log.suite.ts'

describeKafkaLog('platformatic', createPlatformaticClient)
