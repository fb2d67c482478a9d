-- What `devots db upgrade` looks at before it changes anything, for the owner who runs the SQL by hand.
do $$ declare found text; begin
  if current_setting('server_version_num')::integer < 150000 then
    raise exception 'This PostgreSQL is older than version 15.';
  end if;
  if (select count(*) from pg_roles where rolname in ('anon', 'authenticated')) < 2 then
    raise exception 'This is no Supabase project: it lacks the roles anon and authenticated.';
  end if;
  select tableowner into found from pg_tables where schemaname = 'public' and tablename = 'todo' and tableowner <> current_user;
  if found is not null then
    raise exception 'The table public.todo belongs to %, and this is another login.', found using hint = format('Run this as %s.', found);
  end if;
  if to_regclass('devots.setting') is not null then
    select value into found from devots.setting where name = 'flavour' and value <> 'supabase';
    if found is not null then
      raise exception 'This database was set up as a %.', found using hint = 'Run `devots db upgrade` instead.';
    end if;
  end if;
  if to_regclass('devots.alembic_version') is not null then
    select version_num into found from devots.alembic_version where version_num > '{head}';
    if found is not null then
      raise exception 'This database has revision %, and this SQL brings {head}.', found using hint = 'Take the SQL of a newer Devots Desktop.';
    end if;
  end if;
  select string_agg(format('%s is %s, not %s', w.name, coalesce(f.shape, 'missing'), w.shape), '; ') into found
    from (values ('id', 'integer not null'), ('text', 'text not null'), ('completed', 'boolean not null'), ('user_id', 'text not null'),
                 ('created_at', 'timestamp without time zone not null'), ('updated_at', 'timestamp without time zone not null')) w(name, shape)
    left join (select attname, format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end
                 from pg_attribute where attrelid = to_regclass('public.todo') and attnum > 0 and not attisdropped) f(name, shape) using (name)
   where f.shape is distinct from w.shape;
  if found is not null and to_regclass('public.todo') is not null then
    raise exception 'The table public.todo has another shape: %.', found using hint = 'Bring it into this form first. Nothing was changed.';
  end if;
  -- Permissive policies add up: one of somebody else could open the table in spite of ours.
  select string_agg(format('drop policy %I on public.%I;', p.polname, c.relname), ' ') into found
    from pg_policy p join pg_class c on c.oid = p.polrelid
   where c.relnamespace = 'public'::regnamespace and c.relname in ('todo', 'todo_tombstone', 'todo_mutation') and p.polpermissive
     and p.polname not in ('todo_web', 'todo_tombstone_web', 'todo_mutation_web');
  if found is not null and not {accept_rights} then
    raise exception 'There are policies that are not ours and may let more rows through. Nothing was changed.'
      using hint = format('Run this first, and then the SQL again: %s', found);
  end if;
end $$;
