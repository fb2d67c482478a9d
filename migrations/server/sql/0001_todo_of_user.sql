-- Portal flavour only: a Supabase Auth subject has no row in "user".
alter table public.todo add constraint todo_user_id_user_id_fk
  foreign key (user_id) references public."user"(id) on delete cascade on update no action;
