export type { Database, Listener, Transaction, TransactionOptions } from './database.ts';
