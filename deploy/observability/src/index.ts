export { type Alert, expressionOf } from './alerts/alert.ts';
export { alertNames, alerts } from './alerts/alerts.ts';
export { alertmanagerConfig, prometheusConfig, type ScrapeTarget } from './compose-files.ts';
export { type PackExpression, packExpressions } from './pack-expression.ts';
export { type Proof, type Range, type StimulusName, stimulusNames } from './proof.ts';
export { ruleFile } from './rule-file.ts';
export { createScale, type Scale } from './scale.ts';
