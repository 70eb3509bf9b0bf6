import { hash } from 'node:crypto';

/** SHA-256 in hexadecimal over the JSON of a record's fields, which must be in the order of their names. */
export const contentHash = (fieldsJson: string): string => hash('sha256', fieldsJson, 'hex');
