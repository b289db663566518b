-- One row per case of `numbered`, as `cv` has it.
insert into cv by name
select c.* exclude (before), v.vid, p.sa, p.ea, d.* exclude (case_id)
from numbered c
join printed p using (cid)
join variant v using (h)
left join described d on d.case_id = c.case_id
order by c.cid;
