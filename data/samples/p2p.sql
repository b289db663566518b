-- One row per activity that the ERP recorded for an order, from three of its tables.
-- started_at, finished_at: local time, Europe/Berlin; cost: EUR of working time.
select
    o.order_no,
    step.activity,
    step.started_at,
    step.finished_at,
    u.full_name as user_name,
    u.role as user_role,
    step.outcome,
    round(u.hourly_rate * (julianday(step.finished_at) - julianday(step.started_at)) * 24, 2) as cost,
    o.amount,
    o.category,
    c.name as cost_centre,
    s.name as supplier
from (
    select h.order_id, h.user_id, t.label as activity, h.started_at, h.finished_at, h.note as outcome
    from order_status_history h join statuses t using (status_id)
    union all
    select
        order_id, approver_id, case level when 1 then 'Approve order' else 'Approve large order' end,
        opened_at, decided_at, decision
    from approvals
    union all
    select order_id, user_id, 'Receive goods', counted_from, counted_to, completeness
    from goods_receipts
) step
join orders o using (order_id)
join users u using (user_id)
join cost_centres c using (cost_centre_id)
join suppliers s using (supplier_id)
order by step.started_at, o.order_no
