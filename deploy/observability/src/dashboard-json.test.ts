import { describe, expect, test } from '@jest/globals';
import { dashboardOf, startAnnotation } from './dashboard-json.ts';
import { dashboards } from './dashboards/dashboards.ts';
import { production } from './scale.ts';

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource: { readonly uid: string };
  readonly targets: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly datasource: { readonly uid: string };
  }[];
  readonly fieldConfig: { readonly defaults: { readonly unit?: string } };
}

const built = dashboards.map((source) => ({ source, json: JSON.parse(JSON.stringify(dashboardOf(source))) }));

test('there are six dashboards, each with a question, and names that nobody else has', () => {
  expect(dashboards).toHaveLength(6);
  expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(6);
  for (const { description } of dashboards) expect(description).toMatch(/\?$/);
});

describe.each(built)('$source.uid', ({ source, json }) => {
  const panels = (json.panels as Panel[]).filter(({ type }) => type !== 'row');

  test('cannot be edited by accident, chooses its Prometheus, and leads to the others', () => {
    expect(json).toMatchObject({ uid: source.uid, editable: false, tags: ['kempt'] });
    expect(json.templating.list).toEqual([expect.objectContaining({ name: 'datasource', type: 'datasource' })]);
    expect(json.links).toEqual([expect.objectContaining({ tags: ['kempt'], keepTime: true })]);
  });

  test('has a title, a description and a unit on every panel, and no title twice', () => {
    for (const panel of panels) {
      expect(panel.title).not.toBe('');
      expect(panel.description).toMatch(/^[A-Z0-9].{15,}\.$/);
      expect(panel.fieldConfig.defaults.unit).toBeTruthy();
    }
    const titles = panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test('asks the chosen Prometheus in every query, over the interval that Grafana gives', () => {
    for (const { targets, datasource } of panels) {
      expect(datasource.uid).toBe('$datasource');
      expect(targets.length).toBeGreaterThan(0);
      for (const { expr, datasource: asked } of targets) {
        expect(asked.uid).toBe('$datasource');
        for (const [, window] of expr.matchAll(/\[([^\]]+)\]/g))
          expect(['$__rate_interval', '$__range']).toContain(window);
        expect(expr).not.toMatch(/vector\(0\)/);
      }
    }
  });

  test('has panels that do not lie over each other and fit into the 24 columns', () => {
    const cells = new Set<string>();
    for (const { gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(cells.has(`${x} ${y}`)).toBe(false);
          cells.add(`${x} ${y}`);
        }
      }
    }
  });
});

test('starts of instances are drawn over every panel, by an expression that is proven as that of a panel', () => {
  const proven = dashboards.flatMap(({ rows }) =>
    rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries)),
  );
  expect(proven.map(({ expr }) => expr(production))).toContain(startAnnotation);
  for (const { json } of built) expect(JSON.stringify(json.annotations)).toContain('process_start_time_seconds');
});
