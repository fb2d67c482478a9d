drop function if exists public.devots_fetch(uuid[]);
drop function if exists public.devots_digest(uuid[], uuid[], integer);
drop function if exists devots.todo_hash(public.todo);
