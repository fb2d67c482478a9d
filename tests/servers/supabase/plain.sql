-- A todo table of a project that knows nothing of us, with the policies as they have to be (supabase-contract.md, section 7.2).
create table public.todo(
  id serial primary key,
  text text not null check (char_length(text) between 1 and 10000),
  completed boolean not null default false,
  user_id text not null default (auth.jwt() ->> 'sub'),
  created_at timestamp not null default (now() at time zone 'utc'),
  updated_at timestamp not null default (now() at time zone 'utc'));
create index todo_user_id_id on public.todo(user_id, id);

create function public.todo_touch() returns trigger language plpgsql set search_path = '' as $$
begin
  new.updated_at := greatest(clock_timestamp() at time zone 'utc', old.updated_at + interval '1 microsecond');
  new.user_id := old.user_id;
  new.created_at := old.created_at;
  return new;
end $$;
create trigger todo_touch before update on public.todo for each row execute function public.todo_touch();

alter table public.todo enable row level security;
create policy todo_select on public.todo for select to authenticated using ((select auth.jwt() ->> 'sub') = user_id);
create policy todo_insert on public.todo for insert to authenticated with check ((select auth.jwt() ->> 'sub') = user_id);
create policy todo_update on public.todo for update to authenticated
  using ((select auth.jwt() ->> 'sub') = user_id) with check ((select auth.jwt() ->> 'sub') = user_id);
create policy todo_delete on public.todo for delete to authenticated using ((select auth.jwt() ->> 'sub') = user_id);

revoke all on public.todo from anon, authenticated;
grant select, insert, update, delete on public.todo to authenticated;
revoke all on sequence public.todo_id_seq from anon, authenticated;
grant usage, select on sequence public.todo_id_seq to authenticated;

alter publication supabase_realtime add table public.todo;
alter table public.todo replica identity full;
