-- The cluster that a record was in when it was deleted or merged away: the survivor of a merge answers for it.
alter table match_record add column left_golden_id text;
create index match_record_by_survivor on match_record (tenant_id, merged_into) where merged_into is not null;
