import { phoneStandard } from './phone-standard.ts';
import type { Standardisation } from './standardisation.ts';

/** Every standard that Kempt knows. */
export const standards: readonly Standardisation[] = [phoneStandard];
