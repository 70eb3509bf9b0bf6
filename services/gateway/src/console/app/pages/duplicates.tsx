import { ProposalCompare } from '../proposals/proposal-compare.tsx';
import { ProposalList } from '../proposals/proposal-list.tsx';
import { route } from '../shell/route.ts';

export function DuplicatesPage() {
  const { id } = route.value;
  return id === undefined ? <ProposalList /> : <ProposalCompare key={id} id={id} />;
}
