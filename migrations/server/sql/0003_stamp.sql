-- Versions strictly increase per row and are never below the writer's transaction id, so the horizon cursor has no gap.
create or replace function devots.todo_stamp() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  writer bigint := pg_current_xact_id()::text::bigint;
  buried bigint;
begin
  if tg_op = 'UPDATE' then
    new.id := old.id;
    new.user_id := old.user_id;
    new.client_id := old.client_id;
    new.created_at := old.created_at;
    new.row_version := greatest(writer, old.row_version + 1);
    if new.updated_at is not distinct from old.updated_at then  -- the portal's toggle does not move it
      new.updated_at := clock_timestamp() at time zone 'utc';
    end if;
    return new;
  end if;
  new.client_id := coalesce(new.client_id, gen_random_uuid());
  -- The columns' own default, now(), is in the writer's TimeZone, which may be ahead of UTC.
  new.created_at := least(new.created_at, clock_timestamp() at time zone 'utc');
  new.updated_at := least(new.updated_at, clock_timestamp() at time zone 'utc');
  -- Waits for a delete of the same todo that is under way: its tombstone must be visible to the next query.
  perform 1 from public.todo t where t.user_id = new.user_id and t.client_id = new.client_id for key share;
  select t.row_version into buried from public.todo_tombstone t where t.user_id = new.user_id and t.client_id = new.client_id;
  new.row_version := greatest(writer, 1 + coalesce(buried, 0));
  return new;
end $$;
revoke all on function devots.todo_stamp() from public, {everyone};

-- Hard deletes by the portal are seen as well. A tombstone is never deleted; of it and a re-created todo the higher version wins.
create or replace function devots.todo_bury() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.todo_tombstone values
    (old.user_id, old.client_id, old.id, greatest(pg_current_xact_id()::text::bigint, old.row_version + 1))
  on conflict (user_id, client_id) do update set row_version = excluded.row_version, todo_id = excluded.todo_id;
  return null;
end $$;
revoke all on function devots.todo_bury() from public, {everyone};

create or replace trigger todo_stamp before insert or update on public.todo for each row execute function devots.todo_stamp();
create or replace trigger todo_bury after delete on public.todo for each row execute function devots.todo_bury();
