-- Constants and a catalogue change only: no rewrite, a short lock. Rows that come in from here on have their key at once.
alter table public.todo add column if not exists row_version bigint not null default 0;
alter table public.todo add column if not exists client_id uuid;
alter table public.todo alter client_id set default gen_random_uuid(), alter user_id set default devots.uid();
grant insert(client_id), update(client_id) on public.todo to {clients};
