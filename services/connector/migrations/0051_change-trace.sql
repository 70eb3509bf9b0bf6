-- The trace of the request that asked for the work, as W3C traceparent, so that what is done for it belongs to that trace.
alter table change_lease add column traceparent text;
