-- One row per case of `numbered`: the fingerprint of its sequence, from `laid`.
create or replace temp table printed as
select cid, bit_xor(hash((aid::ubigint << 32) | pos)) as h,
       min(aid) filter (pos = 0) as sa, min(aid) filter (naid is null) as ea
from laid group by cid;
