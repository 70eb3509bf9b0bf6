export { type FindingScore, scoreFindings } from './finding-scoring.ts';
export { independentFigures } from './independent-figures.ts';
