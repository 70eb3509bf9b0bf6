-- Row-level security in one line per table. Every schema has these functions; migrations call them after CREATE TABLE.

-- A table of a tenant: a transaction sees and writes only the rows of its own tenant, and none without a tenant.
CREATE FUNCTION kempt_protect(table_name regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', table_name);
  EXECUTE format(
    'CREATE POLICY kempt_tenant ON %s USING (tenant_id = current_setting(''kempt.tenant_id'', true))
       WITH CHECK (tenant_id = current_setting(''kempt.tenant_id'', true) AND tenant_id <> '''')',
    table_name
  );
END
$$;

-- A table of the infrastructure (outbox, inbox, leases, the list of tenants): system transactions reach every row, and
-- tenant transactions reach those of their tenant where the table has a tenant_id.
CREATE FUNCTION kempt_protect_infrastructure(table_name regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  admits text := 'current_setting(''kempt.scope'', true) = ''system''';
BEGIN
  IF EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = table_name AND attname = 'tenant_id' AND NOT attisdropped
  ) THEN
    admits := admits || ' OR tenant_id = current_setting(''kempt.tenant_id'', true)';
  END IF;
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', table_name);
  EXECUTE format('CREATE POLICY kempt_infrastructure ON %s USING (%s)', table_name, admits);
END
$$;
