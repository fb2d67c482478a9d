-- todo stays in the platform's publication: it may have been there before us.
drop trigger if exists todo_bury on public.todo;
drop trigger if exists todo_stamp on public.todo;
drop trigger if exists todo_truncated on public.todo;
drop function if exists devots.repair();
drop function if exists devots.prune(interval);
drop function if exists public.devots_pull(bigint, bigint, uuid, integer);
drop function if exists public.devots_push(jsonb);
drop function if exists devots.todo_json(public.todo);
drop function if exists devots.todo_bury();
drop function if exists devots.todo_stamp();
drop function if exists devots.todo_truncated();
drop function if exists devots.epoch();
drop table if exists public.todo_mutation;
drop table if exists public.todo_tombstone;
alter table public.todo alter user_id drop default, drop constraint if exists todo_client_id_present;
alter table public.todo drop column if exists client_id, drop column if exists row_version;  -- their indexes go with them
delete from devots.setting where name = 'epoch';
