-- STABLE, so that rows, tombstones and horizon come from one snapshot: as VOLATILE it would lose rows for good. One row comparison is
-- the only range condition: all migrated rows start at version 0, and with an OR paging through them is quadratic.
create or replace function public.devots_pull(
  since bigint, after_version bigint default null, after_key uuid default null, lim integer default 500
) returns jsonb language sql stable security invoker set search_path = '' as $$
  with me as materialized (select devots.need_uid() as u),
       place as materialized (
         select coalesce(after_version, since - 1) as v, coalesce(after_key, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) as k),
       page as (
         (select t.row_version as v, t.client_id as k, devots.todo_json(t) || '{"deleted": false}' as r from public.todo t
           where t.user_id = (select u from me) and (t.row_version, t.client_id) > ((select v from place), (select k from place))
           order by 1, 2 limit lim)
         union all
         (select t.row_version, t.client_id,
                 to_jsonb(t) || jsonb_build_object('row_version', t.row_version::text, 'deleted', true) from public.todo_tombstone t
           where t.user_id = (select u from me) and (t.row_version, t.client_id) > ((select v from place), (select k from place))
           order by 1, 2 limit lim)
         order by 1, 2 limit lim)
  select jsonb_build_object(
    'user', (select u from me),
    'horizon', pg_snapshot_xmin(pg_current_snapshot())::text,
    'epoch', devots.epoch(),
    'rows', coalesce((select jsonb_agg(r order by v, k) from page), '[]')) $$;
revoke all on function public.devots_pull(bigint, bigint, uuid, integer) from public, {everyone};
grant execute on function public.devots_pull(bigint, bigint, uuid, integer) to {clients};
