export { describeWithKafka } from './test-broker/describe-with-kafka.ts';
export {
  type BrokerControl,
  type NoTestKafka,
  type OwnBrokerOptions,
  type OwnTestKafka,
  type SecureListeners,
  startTestKafka,
  type TestKafka,
} from './test-broker/test-kafka.ts';
