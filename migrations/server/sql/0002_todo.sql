-- Which tables had row-level security before us: a downgrade must not open one that was closed.
insert into devots.setting
  select 'row_security_before', coalesce(string_agg(c.relname, ',' order by c.relname), '')
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relrowsecurity
     and c.relname in ('todo', 'user', 'session', 'account', 'verification')
  on conflict do nothing;

-- Enabled, not forced: the portal's server connects as the owner and guards by its own WHERE.
alter table public.todo enable row level security;
revoke all on public.todo from public, {everyone};
drop policy if exists todo_web on public.todo;
create policy todo_web on public.todo to authenticated
  using ((select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub') = user_id)
  with check ((select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub') = user_id);

-- By column, so that a web client's own columns and whole-row PATCHes go on working.
do $$ declare ins text; upd text; begin
  select string_agg(quote_ident(attname), ',') filter (where attname not in ('id', 'row_version')),
         string_agg(quote_ident(attname), ',') filter (where attname <> 'row_version')
    into ins, upd from pg_attribute where attrelid = 'public.todo'::regclass and attnum > 0 and not attisdropped;
  execute format('grant select, insert(%s), update(%s), delete on public.todo to {clients}', ins, upd);
end $$;

-- USAGE alone: with UPDATE anybody could set the sequence back and stop everybody's inserts.
do $$ declare sequence text := pg_get_serial_sequence('public.todo', 'id'); begin
  execute format('revoke all on sequence %s from public, {everyone}', sequence);
  execute format('grant usage on sequence %s to {clients}', sequence);
end $$;

do $$ begin
  if not has_schema_privilege('authenticated', 'public', 'usage') then grant usage on schema public to {clients}; end if;
end $$;
