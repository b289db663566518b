-- One row per finding that was made when a source was loaded.
select source, code, severity, count, message, place from finding order by source
