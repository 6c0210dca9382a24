import { createKafkajsClient } from '../../connectors/kafka/kafkajs-client.ts'
import { describeKafkaLog } from './kafka-log.suite.ts'
import { silent } from './kafka-parts.ts'

describeKafkaLog('kafkajs', (settings) => createKafkajsClient(settings, silent))
