-- Grants that were taken from clients are not given back: that would open what was closed.
drop policy if exists todo_web on public.todo;
drop policy if exists todo_desktop on public.todo;
revoke all on public.todo from public, {everyone};
do $$ declare t text; begin
  execute format('revoke all on sequence %s from public, {everyone}', pg_get_serial_sequence('public.todo', 'id'));
  for t in select c.relname from pg_class c
            where c.relnamespace = 'public'::regnamespace and c.relname in ('todo', 'user', 'session', 'account', 'verification')
              and c.relname <> all (coalesce(string_to_array((select value from devots.setting where name = 'row_security_before'), ','), '{}'))
  loop
    execute format('alter table public.%I disable row level security', t);
  end loop;
end $$;
drop function if exists devots.need_uid();
drop function if exists devots.uid();
drop function if exists devots.session_user_id();
delete from devots.setting where name = 'row_security_before';
