"""What stands in the way of row-level security on a database that others have set up before us."""

from sqlalchemy import Connection, text

from devots_desktop.domain.errors import AccountUnusable

# A portal that connects as such a role would go empty. Our own clients are meant to be bound, so they are left out.
_GRANTS = text("""
    select case when x.grantee = 0 then 'PUBLIC' else x.grantee::regrole::text end as grantee, string_agg(distinct c.relname, ', ') as tables
      from pg_class c
      left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     cross join lateral (select * from aclexplode(c.relacl) union all select * from aclexplode(a.attacl)) x
      left join pg_roles r on r.oid = x.grantee
     where c.relnamespace = 'public'::regnamespace and c.relname in ('user', 'session', 'account', 'verification', 'todo')
       and x.grantee <> c.relowner
       and coalesce(r.rolname, '') not in ('anon', 'authenticated', 'devots_desktop')
       and not coalesce(r.rolsuper or r.rolbypassrls or pg_has_role(r.oid, c.relowner, 'usage'), false)
     group by 1 order by 1
""")
# Permissive policies add up: one "using (true)" of somebody else opens the table in spite of ours.
_POLICIES = text("""
    select c.relname as table, p.polname as policy
      from pg_policy p join pg_class c on c.oid = p.polrelid
     where c.relnamespace = 'public'::regnamespace and p.polpermissive
       and c.relname in ('user', 'session', 'account', 'verification', 'todo', 'todo_tombstone', 'todo_mutation')
       and p.polname not in ('todo_web', 'todo_desktop', 'todo_tombstone_web', 'todo_tombstone_desktop', 'todo_mutation_web', 'todo_mutation_desktop')
     order by 1, 2
""")


class RightsInTheWay(AccountUnusable):
    """Grants or policies of others would be broken by row-level security, or would break it.

    Attributes:
        findings: one sentence each.
    """

    def __init__(self, findings: list[str]) -> None:
        super().__init__(
            "Rights of others",
            f"{' '.join(findings)} Nothing was changed.",
            "Mend these and run the command again; where they are meant to be so, add --accept-rights.",
        )
        self.findings = findings


def rights_trouble(connection: Connection) -> list[str]:
    """A sentence for each role that would see empty tables and each policy that could open them."""
    grants = [
        f"{row.grantee} holds rights on {row.tables} and would see these empty: row-level security lets only the owner pass."
        for row in connection.execute(_GRANTS)
    ]
    policies = [
        f"The policy {row.policy!r} on {row.table} is not ours and may let more rows through." for row in connection.execute(_POLICIES)
    ]
    return grants + policies
