-- One row per pair of activities where `naid` directly follows `aid`: how often.
select aid, naid, sum(n)::bigint as n from edge group by all
