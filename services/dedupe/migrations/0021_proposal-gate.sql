-- How a verdict was given, and what the model said of the two records at that time: automatic merges are let through by how
-- often people who looked at a pair agreed with the model.
alter table review add column origin text not null default 'single' check (origin in ('single', 'bulk'));
alter table review add column probability double precision;

-- Why a proposal must not be applied without a look; null when nothing speaks against it.
alter table merge_proposal add column hindrance text;
update merge_proposal set hindrance = 'gate';

-- Where the gate of each kind stood when it was looked at last.
create table proposal_gate (
  tenant_id   text    not null,
  entity_kind text    not null,
  open        boolean not null,
  primary key (tenant_id, entity_kind)
);
select kempt_protect('proposal_gate');

-- Proposals are told again when the gate opens or closes.
alter table model_task drop constraint model_task_task_check;
alter table model_task add constraint model_task_task_check
  check (task in ('training', 'comparison', 'rescoring', 'proposals'));
