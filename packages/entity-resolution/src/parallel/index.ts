export { createCrew, type PieceReader, PieceUnreadableError, type ThreadCrew } from './crew.ts';
