-- 0003_pull makes the one that answered jsonb.
drop function if exists public.devots_pull(bigint, bigint, uuid, integer);
