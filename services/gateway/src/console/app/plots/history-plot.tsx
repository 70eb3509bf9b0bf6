import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { theme } from '../shell/theme.ts';

export interface HistoryPoint {
  readonly at: string;
  readonly value: number | null;
}

const heightPx = 220;

/** Values over time, with lines for baseline and target. The figures are in the text beside it, too. */
export function HistoryPlot({
  title,
  points,
  target,
  baseline,
  format,
}: {
  readonly title: string;
  readonly points: readonly HistoryPoint[];
  readonly target?: number | null | undefined;
  readonly baseline?: number | null | undefined;
  readonly format: (value: number) => string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const themeName = theme.value;

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const colour = (name: string): string => resolvedColour(element, name);
    const times = points.map(({ at }) => new Date(at).getTime() / 1_000);
    const lines = [
      { label: 'Value', stroke: colour('--accent'), values: points.map(({ value }) => value), width: 2, dash: [] },
      ...(target == null
        ? []
        : [{ label: 'Target', stroke: colour('--good'), values: points.map(() => target), width: 1.5, dash: [6, 4] }]),
      ...(baseline == null
        ? []
        : [
            {
              label: 'Baseline',
              stroke: colour('--quiet'),
              values: points.map(() => baseline),
              width: 1.5,
              dash: [2, 4],
            },
          ]),
    ];
    const axis = {
      stroke: colour('--quiet'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { stroke: colour('--line'), width: 1 },
    };
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: heightPx,
        cursor: { y: false },
        legend: { show: false },
        axes: [axis, { ...axis, size: 104, values: (_plot, values) => values.map(format) }],
        series: [
          {},
          ...lines.map(({ label, stroke, width, dash }) => ({
            label,
            stroke,
            width,
            dash,
            points: { show: points.length < 40 && label === 'Value', size: 5 },
          })),
        ],
      },
      [times, ...lines.map(({ values }) => values)],
      element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [points, target, baseline, themeName]);

  return (
    <figure class="plot">
      <div ref={place} class="plot-area" role="img" aria-label={`${title}: ${points.length} measurements over time`} />
      <figcaption>
        <span class="key value">{title}</span>
        {target != null && <span class="key target">Target {format(target)}</span>}
        {baseline != null && <span class="key baseline">Baseline {format(baseline)}</span>}
      </figcaption>
    </figure>
  );
}

/** A canvas knows no custom properties and no `light-dark()`: the element is asked what it comes to here. */
function resolvedColour(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = '';
  return color;
}
