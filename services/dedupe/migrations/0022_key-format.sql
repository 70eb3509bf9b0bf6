-- How the hashes in the pages are made. A kind whose pages were written in another way gets them anew with its first change.
alter table resolution_state add column key_format integer not null default 0;
