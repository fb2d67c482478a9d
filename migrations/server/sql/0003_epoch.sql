-- The counter starts at a transaction id: after a downgrade and a new upgrade the epoch is another one, for versions start anew.
insert into devots.setting values ('epoch', pg_current_xact_id()::text) on conflict do nothing;
create or replace function devots.epoch() returns text language plpgsql stable security definer set search_path = '' as $$
declare counter text := (select value from devots.setting where name = 'epoch');
begin
  return (select system_identifier::text from pg_control_system()) || ':' || (select timeline_id::text from pg_control_checkpoint())
    || ':' || counter;
exception when insufficient_privilege then  -- a provider that hides the control file: the counter alone
  return counter;
end $$;
revoke all on function devots.epoch() from public, {everyone};
grant execute on function devots.epoch() to {clients};

create or replace function devots.todo_truncated() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  update devots.setting set value = (value::bigint + 1)::text where name = 'epoch';
  return null;
end $$;
revoke all on function devots.todo_truncated() from public, {everyone};
create or replace trigger todo_truncated after truncate on public.todo
  for each statement execute function devots.todo_truncated();
