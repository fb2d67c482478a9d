-- Roles belong to the whole cluster: made where they are missing.
do $$
declare each text;
begin
  foreach each in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_roles where rolname = each) then
      execute format('create role %I nologin noinherit', each);
    end if;
  end loop;
  if not exists (select from pg_roles where rolname = 'authenticator') then
    create role authenticator login noinherit;
  end if;
end $$;
alter role service_role bypassrls;
grant anon, authenticated, service_role to authenticator;
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
