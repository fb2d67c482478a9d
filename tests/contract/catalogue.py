"""What a database's catalogue says, as lines that can be compared."""

import psycopg

_QUERIES = {
    "column": """
        select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end
               || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
          from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
         where c.relnamespace in ({schemas}) and c.relkind = 'r'""",
    "constraint": "select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated"
    " from pg_constraint where connamespace in ({schemas})",
    "index": "select pg_get_indexdef(indexrelid) || case when indisvalid then '' else ' INVALID' end from pg_index i join pg_class c"
    " on c.oid = i.indexrelid where c.relnamespace in ({schemas})",
    "trigger": "select pg_get_triggerdef(t.oid) || tgenabled::text from pg_trigger t join pg_class c on c.oid = t.tgrelid"
    " where c.relnamespace in ({schemas}) and not t.tgisinternal",
    "function": "select pg_get_functiondef(oid) || coalesce(array_to_string(array(select unnest(proacl)::text order by 1), ','), 'default rights')"
    " from pg_proc where pronamespace in ({schemas})",
    "row security": "select relname || ' ' || relrowsecurity || relforcerowsecurity from pg_class where relnamespace in ({schemas}) and relkind = 'r'",
    "policy": "select polrelid::regclass || ' ' || polname || polcmd::text || polpermissive || polroles::regrole[]::text || pg_get_expr(polqual, polrelid)"
    " || coalesce(pg_get_expr(polwithcheck, polrelid), '') from pg_policy",
    "grant": "select c.relname || ' ' || array_to_string(array(select unnest(c.relacl)::text order by 1), ',') from pg_class c"
    " where c.relnamespace in ({schemas}) and c.relkind in ('r', 'S')",
    "column grant": "select c.relname || '.' || a.attname || ' ' || array_to_string(array(select unnest(a.attacl)::text order by 1), ',')"
    " from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relnamespace in ({schemas}) and a.attacl is not null and not a.attisdropped",
}
SHAPE = ("column", "constraint", "index", "trigger", "row security", "policy")


def catalogue(
    connection: psycopg.Connection, *parts: str, schemas: str = "select oid from pg_namespace where nspname in ('public', 'devots')"
) -> list[str]:
    """Every table, constraint, index, trigger, function, policy and grant as a line; only some `parts` of that, when given."""
    lines = []
    for part in parts or _QUERIES:
        rows = connection.execute(_QUERIES[part].format(schemas=schemas)).fetchall()
        lines += sorted(f"{part}: {row[0]}" for row in rows if row[0] is not None)
    return lines
