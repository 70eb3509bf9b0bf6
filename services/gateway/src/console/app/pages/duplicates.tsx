import { ProposalCompare } from '../proposals/proposal-compare.tsx';
import { ProposalList } from '../proposals/proposal-list.tsx';
import type { PageProps } from '../shell/route.ts';

export function DuplicatesPage({ id }: PageProps) {
  return id === undefined ? <ProposalList /> : <ProposalCompare key={id} id={id} />;
}
