-- One row: how many distinct sequences of raw events there are, by activity name in the order of time.
select count(distinct h) from (
    select bit_xor(hash((aid::ubigint << 32) | pos)) as h
    from (
        select case_id, aid, (row_number() over (partition by case_id order by ts, n) - 1)::ubigint as pos
        from event join activity on activity.name = event.activity
    ) group by case_id
);
