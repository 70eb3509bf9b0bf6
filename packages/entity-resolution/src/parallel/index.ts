export { createParallelScoring } from './parallel-scoring.ts';
