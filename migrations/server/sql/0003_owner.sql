-- The owner's commands; nobody else may execute them.
create or replace function devots.prune(older_than interval default interval '400 days') returns bigint
language plpgsql volatile security invoker set search_path = '' as $$
declare n bigint;
begin
  delete from public.todo_mutation where at < now() - older_than;
  get diagnostics n = row_count;
  return n;
end $$;
revoke all on function devots.prune(interval) from public, {everyone};

-- After a restore: another epoch, and no version that transactions of this cluster have not reached yet.
create or replace function devots.repair() returns void language plpgsql volatile security invoker set search_path = '' as $$
declare writer bigint := pg_current_xact_id()::text::bigint;
begin
  update devots.setting set value = (value::bigint + 1)::text where name = 'epoch';
  alter table public.todo disable trigger todo_stamp;
  update public.todo set row_version = writer where row_version > writer;
  alter table public.todo enable trigger todo_stamp;
  update public.todo_tombstone set row_version = writer where row_version > writer;
end $$;
revoke all on function devots.repair() from public, {everyone};
