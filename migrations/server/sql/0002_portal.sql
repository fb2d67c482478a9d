drop policy if exists todo_desktop on public.todo;
create policy todo_desktop on public.todo to devots_desktop
  using ((select devots.session_user_id()) = user_id)
  with check ((select devots.session_user_id()) = user_id);

-- No policy at all: under a platform's default grants anon would read session tokens and password hashes. TRUNCATE is not a
-- matter of row-level security, so the grants go as well.
alter table public."user" enable row level security;
alter table public.session enable row level security;
alter table public.account enable row level security;
alter table public.verification enable row level security;
revoke all on public."user", public.session, public.account, public.verification from public, {everyone};
