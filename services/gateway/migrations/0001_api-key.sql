-- Keys of the clients of the public API. The key itself is never stored: it is random enough for a plain hash.
create table api_key (
  tenant_id    text        not null,
  -- The public part of the key, by which it is found before anybody knows whose it is.
  id           text        not null,
  environment  text        not null,
  name         text        not null,
  -- SHA-256 of the whole key.
  key_hash     bytea       not null check (octet_length(key_hash) = 32),
  scopes       text[]      not null,
  created_by   text        not null,
  created_at   timestamptz not null,
  expires_at   timestamptz,
  revoked_at   timestamptz,
  revoked_by   text,
  last_used_at timestamptz,
  primary key (tenant_id, id)
);
create index api_key_by_id on api_key (id);
select kempt_protect_infrastructure('api_key');
