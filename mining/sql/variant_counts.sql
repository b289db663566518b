-- One row per variant: the numbers of its activities in order, as text, and the cases that follow it, commonest first.
-- Text, because a client makes lists of numbers one by one.
select array_to_string(acts, ' ') as acts, n from variant where n > 0 order by n desc, vid
