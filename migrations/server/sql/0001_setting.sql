-- The owner's settings; nobody else reads them.
create table if not exists devots.setting(name text primary key, value text not null);
revoke all on devots.setting from public, {everyone};
insert into devots.setting values ('flavour', '{flavour}'), ('made', '{made}') on conflict do nothing;
