-- Lets a client tell "not migrated", "older" and "newer" before it asks for anything else.
create or replace function devots.revision() returns text language sql stable security definer set search_path = '' as $$
  select version_num from devots.alembic_version $$;
revoke all on function devots.revision() from public, {everyone};
grant execute on function devots.revision() to {clients};
revoke all on schema devots from public, {everyone};
grant usage on schema devots to {clients};
