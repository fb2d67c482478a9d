-- No foreign key: the cascade of a deleted user would fail with 23503.
create table if not exists public.todo_tombstone(
  user_id text not null,
  client_id uuid not null,
  todo_id integer not null,
  row_version bigint not null,
  primary key (user_id, client_id)
);
create index if not exists todo_tombstone_version on public.todo_tombstone(user_id, row_version, client_id);
create table if not exists public.todo_mutation(
  user_id text not null default devots.uid(),
  mutation_id uuid not null,
  at timestamptz not null default now(),
  answer jsonb,
  primary key (user_id, mutation_id)
);
do $$ declare t text; begin
  foreach t in array array['todo_tombstone', 'todo_mutation'] loop
    execute format('alter table public.%I enable row level security', t);
    execute format('revoke all on public.%I from public, {everyone}', t);
    execute format('grant select on public.%I to {clients}', t);
    execute format('drop policy if exists %I on public.%I', t || '_web', t);
    execute format($f$create policy %I on public.%I to authenticated
      using ((select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub') = user_id)
      with check ((select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub') = user_id)$f$, t || '_web', t);
  end loop;
end $$;
grant insert(mutation_id), update(answer) on public.todo_mutation to {clients};
