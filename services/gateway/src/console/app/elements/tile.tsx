import type { ComponentChildren } from 'preact';

/** One figure with what it means. */
export function Tile({
  title,
  value,
  note,
  tone = 'quiet',
  href,
}: {
  readonly title: string;
  readonly value: ComponentChildren;
  readonly note?: ComponentChildren;
  readonly tone?: 'good' | 'bad' | 'warn' | 'quiet';
  readonly href?: string;
}) {
  return (
    <div class={`tile ${tone}`}>
      <h3>{href === undefined ? title : <a href={href}>{title}</a>}</h3>
      <p class="figure">{value}</p>
      <p class="note">{note}</p>
    </div>
  );
}
