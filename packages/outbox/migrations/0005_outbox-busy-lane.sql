-- Lanes whose dispatcher is so busy that it looks by itself every few milliseconds. While all of them stand here nobody
-- needs to be notified, which spares the commits: Postgres lets only one transaction at a time commit a notification.
create table outbox_busy_lane (
  lane integer primary key
);
select kempt_protect_infrastructure('outbox_busy_lane');
-- Appending reads both inside a tenant's transaction.
create policy outbox_busy_lane_read on outbox_busy_lane for select using (true);
create policy outbox_lanes_read on outbox_lanes for select using (true);
