/** Prints the folder with the jars of a Kafka broker, once Maven has put them there. */
import { kafkaJars } from '@kempt/event-bus-kafka/testing';

console.log(await kafkaJars());
