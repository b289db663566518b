-- The tables of the company's ERP that record purchasing; times are local (Europe/Berlin), without zone.
create table users (
    user_id integer primary key, full_name text not null, role text not null, hourly_rate real not null
);
create table suppliers (supplier_id integer primary key, name text not null unique);
create table cost_centres (
    cost_centre_id integer primary key, name text not null unique, approver_id integer not null references users
);
create table orders (
    order_id integer primary key, order_no text not null unique, supplier_id integer not null references suppliers,
    cost_centre_id integer not null references cost_centres, category text not null, amount real not null,
    currency text not null default 'EUR'
);
create table statuses (status_id integer primary key, label text not null unique);
create table order_status_history (
    history_id integer primary key, order_id integer not null references orders,
    status_id integer not null references statuses, user_id integer not null references users,
    started_at text not null, finished_at text not null, note text
);
create table approvals (
    approval_id integer primary key, order_id integer not null references orders, level integer not null,
    approver_id integer not null references users, requested_at text not null, opened_at text not null,
    decided_at text not null, decision text not null
);
create table goods_receipts (
    receipt_id integer primary key, order_id integer not null references orders, user_id integer not null references users,
    counted_from text not null, counted_to text not null, completeness text not null
);
