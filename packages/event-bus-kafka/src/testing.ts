export { describeWithKafka } from './test-broker/describe-with-kafka.ts';
export { kafkaJars, kafkaVersion } from './test-broker/kafka-jars.ts';
export {
  type BrokerControl,
  type NoTestKafka,
  type OwnBrokerOptions,
  type OwnTestKafka,
  type SecureListeners,
  startTestKafka,
  type TestKafka,
} from './test-broker/test-kafka.ts';
