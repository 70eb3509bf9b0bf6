import * as common from '@grafana/grafana-foundation-sdk/common';
import { BigValueGraphMode, GraphDrawStyle, StackingMode } from '@grafana/grafana-foundation-sdk/common';
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  RowBuilder,
  type ThresholdsConfig,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as HeatmapBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { DashboardSource, PanelSource } from './panel.ts';
import { production } from './scale.ts';

const datasource = { type: 'prometheus', uid: '$datasource' };
const tag = 'kempt';
const panelHeight = 8;
const columns = 24;

/** When an instance started: drawn over every panel, so that a step in a line and a deployment are seen together. */
export const startAnnotation = '1000 * min by (service) (process_start_time_seconds{job="kempt"})';

/** A dashboard for Grafana 12 and newer. The same source gives the same JSON. */
export function dashboardOf(source: DashboardSource): Dashboard {
  const builder = new DashboardBuilder(source.title)
    .uid(source.uid)
    .description(source.description)
    .tags([tag])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
    .link(
      new DashboardLinkBuilder('Kempt')
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(true)
        .keepTime(true)
        .includeVars(true),
    )
    .annotation(
      new AnnotationQueryBuilder()
        .name('Starts')
        .datasource(datasource)
        .enable(true)
        .iconColor('blue')
        .expr(startAnnotation)
        .titleFormat('{{service}} started')
        .useValueForTime(true),
    );
  for (const row of source.rows) {
    builder.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(panelOf(panel));
  }
  return builder.build();
}

type Panel = StatBuilder | TableBuilder | HeatmapBuilder | TimeseriesBuilder;

function panelOf(source: PanelSource): Panel {
  const panel = bare(source)
    .title(source.title)
    .description(source.description)
    .unit(source.unit)
    .datasource(datasource)
    .height(panelHeight)
    .span(source.width ?? columns / 3);
  for (const [index, query] of source.queries.entries()) {
    const target = new DataqueryBuilder()
      .refId(String.fromCodePoint(65 + index))
      .expr(query.expr(production))
      .legendFormat(query.legend)
      .datasource(datasource);
    if (source.kind === 'stat' || source.kind === 'table') target.instant();
    if (source.kind === 'table') target.format(PromQueryFormat.Table);
    if (source.kind === 'heatmap') target.format(PromQueryFormat.Heatmap);
    panel.withTarget(target);
  }
  if (source.thresholds !== undefined) panel.thresholds(thresholdsOf(source.thresholds));
  return panel;
}

function bare({ kind }: PanelSource): Panel {
  switch (kind) {
    case 'stat':
      return new StatBuilder().graphMode(BigValueGraphMode.None);
    case 'table':
      return new TableBuilder();
    case 'heatmap':
      return new HeatmapBuilder();
    case 'lines':
      return new TimeseriesBuilder().drawStyle(GraphDrawStyle.Line).fillOpacity(5);
    case 'stacked':
      return new TimeseriesBuilder()
        .drawStyle(GraphDrawStyle.Line)
        .fillOpacity(30)
        .stacking(new common.StackingConfigBuilder().mode(StackingMode.Normal));
  }
}

function thresholdsOf({ warning, bad }: { readonly warning: number; readonly bad: number }): ThresholdsConfigBuilder {
  const steps: ThresholdsConfig['steps'] =
    bad >= warning
      ? [
          { value: null, color: 'green' },
          { value: warning, color: 'yellow' },
          { value: bad, color: 'red' },
        ]
      : [
          { value: null, color: 'red' },
          { value: bad, color: 'yellow' },
          { value: warning, color: 'green' },
        ];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}
