import { Transform } from 'node:stream';
import { bodyTooLarge } from '../errors.ts';

/** Lets a request body through up to a number of bytes; one byte more ends the stream with a 413 problem. */
export function createBoundedBody(limitBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > limitBytes) done(bodyTooLarge(limitBytes));
      else done(null, chunk);
    },
  });
}
