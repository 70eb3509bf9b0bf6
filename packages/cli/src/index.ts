export { type CliOptions, runCli } from './cli.ts';
