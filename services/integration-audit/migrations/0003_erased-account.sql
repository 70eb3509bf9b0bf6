-- When what was known of an account was last erased. What was read before and comes late is not taken up any more.
alter table audited_account add column erased_at timestamptz;
