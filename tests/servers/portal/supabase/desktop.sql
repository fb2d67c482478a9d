-- What a portal's owner has done in Supabase so that people hear of their own todos and of nothing else (portal-contract.md, section 6).
alter publication supabase_realtime add table todo;
alter table todo enable row level security;
create policy todo_select_own on todo for select to authenticated using ((select auth.jwt() ->> 'sub') = user_id);
alter table "user" enable row level security;
alter table session enable row level security;
alter table account enable row level security;
alter table verification enable row level security;
alter table jwks enable row level security;
alter table device_code enable row level security;
alter table two_factor enable row level security;
