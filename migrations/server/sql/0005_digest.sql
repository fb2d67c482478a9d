-- One number for a todo, computed alike by clients (domain/digest.py), so that two lists can be compared without sending either. The body is
-- parsed here and now, which makes a pinned search_path needless and lets the planner inline it.
create or replace function devots.todo_hash(todo public.todo) returns bigint language sql stable security invoker
  return ('x' || left(encode(sha256(convert_to(concat_ws('|',
    todo.client_id, todo.row_version, todo.completed::integer,
    (extract(epoch from todo.created_at) * 1000000)::bigint, (extract(epoch from todo.updated_at) * 1000000)::bigint,
    todo.text), 'UTF8')), 'hex'), 16))::bit(64)::bigint;
revoke all on function devots.todo_hash(public.todo) from public, {everyone};
grant execute on function devots.todo_hash(public.todo) to {clients};

-- Count and hash of one's own todos in each range of keys, both ends included. The hash is the XOR of the rows' own, so that no order matters. A
-- range with at most `most` todos is answered by its keys and their hashes as well. STABLE: all ranges are of one snapshot.
create or replace function public.devots_digest(lows uuid[], highs uuid[], most integer default 0) returns jsonb
language sql stable security invoker set search_path = '' as $$
  with me as materialized (select devots.need_uid() as u)
  select jsonb_build_object('user', (select u from me), 'epoch', devots.epoch(), 'ranges', coalesce((
    select jsonb_agg(jsonb_build_object('count', s.count, 'hash', s.hash::text, 'rows', case when s.count <= most then (
             select coalesce(jsonb_object_agg(t.client_id, devots.todo_hash(t)::text), '{}') from public.todo t
              where t.user_id = (select u from me) and t.client_id between r.low and r.high) end) order by r.place)
      from unnest(lows, highs) with ordinality r(low, high, place)
     cross join lateral (
       select count(*) as count, coalesce(bit_xor(devots.todo_hash(t)), 0) as hash from public.todo t
        where t.user_id = (select u from me) and t.client_id between r.low and r.high) s), '[]')) $$;
revoke all on function public.devots_digest(uuid[], uuid[], integer) from public, {everyone};
grant execute on function public.devots_digest(uuid[], uuid[], integer) to {clients};

-- The todos of these keys, and of those that were deleted the tombstones, in the form of a page of devots_pull.
create or replace function public.devots_fetch(keys uuid[]) returns jsonb language sql stable security invoker set search_path = '' as $$
  with me as materialized (select devots.need_uid() as u),
       found as (
         select devots.todo_json(t) || '{"deleted": false}' as r from public.todo t
          where t.user_id = (select u from me) and t.client_id = any(keys)
         union all
         select to_jsonb(b) || jsonb_build_object('row_version', b.row_version::text, 'deleted', true) from public.todo_tombstone b
          where b.user_id = (select u from me) and b.client_id = any(keys)
            and not exists (select from public.todo t where t.user_id = b.user_id and t.client_id = b.client_id))
  select jsonb_build_object(
    'user', (select u from me),
    'horizon', pg_snapshot_xmin(pg_current_snapshot())::text,
    'epoch', devots.epoch(),
    'rows', coalesce((select jsonb_agg(r) from found), '[]')) $$;
revoke all on function public.devots_fetch(uuid[]) from public, {everyone};
grant execute on function public.devots_fetch(uuid[]) to {clients};
