import type { Proof } from './proof.ts';
import type { Scale } from './scale.ts';

/** One line, or family of lines, of a panel. */
export interface PanelQuery {
  /** `$__rate_interval` and `$__range` stand for what Grafana puts in. */
  readonly expr: (scale: Scale) => string;
  /** Names of the lines, with {{label}}. */
  readonly legend: string;
  readonly proof: Proof;
}

export interface PanelSource {
  readonly title: string;
  /** What it shows and what to make of it, in one or two sentences. */
  readonly description: string;
  /** Unit as Grafana calls it. */
  readonly unit: Unit;
  readonly kind: 'stat' | 'lines' | 'stacked' | 'heatmap' | 'table';
  readonly queries: readonly PanelQuery[];
  /** From which value on it is yellow and red; a falling pair is bad below. */
  readonly thresholds?: { readonly warning: number; readonly bad: number };
  /** Columns of 24. Default 8. */
  readonly width?: number;
}

export type Unit = 'short' | 's' | 'percentunit' | 'reqps' | 'ops' | 'eps' | 'bytes' | 'none' | 'dateTimeFromNow';

export interface DashboardSource {
  /** Name of the file and uid. */
  readonly uid: string;
  readonly title: string;
  /** The question it answers. */
  readonly description: string;
  readonly rows: readonly { readonly title: string; readonly panels: readonly PanelSource[] }[];
}

/** A query whose text needs no scale. */
export const query = (expr: string, legend: string, proof: Proof): PanelQuery => ({ expr: () => expr, legend, proof });
