-- Buckets of tokens. They may be lost with the server: then they are full.
CREATE UNLOGGED TABLE {schema}.buckets (
	key     bytea PRIMARY KEY,
	full_at timestamptz NOT NULL,
	granted integer NOT NULL -- by the last step
);

-- grant_tokens returns how many of the tokens that are wanted are there. What
-- rounding costs must not cost a token.
CREATE FUNCTION {schema}.grant_tokens(full_at timestamptz, now_ timestamptz, wanted integer, burst integer, per interval)
RETURNS integer LANGUAGE sql STABLE AS $$
	SELECT greatest(least(wanted, floor(
		(1 - extract(epoch FROM greatest(full_at - now_, interval '0'))::float8 / extract(epoch FROM per)::float8) * burst + 0.001)::integer), 0)
$$;

-- spend takes tokens, and returns how many, and in how many microseconds the bucket
-- will be full.
CREATE FUNCTION {schema}.spend(key_ bytea, wanted integer, burst integer, per interval)
RETURNS TABLE (got integer, debt bigint) LANGUAGE plpgsql AS $$
DECLARE
	now_ timestamptz := clock_timestamp();
BEGIN
	PERFORM {schema}.relax(true);
	RETURN QUERY INSERT INTO {schema}.buckets AS b (key, full_at, granted)
		VALUES (key_, now_ + least(wanted, burst) * (per / burst), least(wanted, burst))
		ON CONFLICT (key) DO UPDATE SET
			granted = {schema}.grant_tokens(b.full_at, now_, wanted, burst, per),
			full_at = greatest(b.full_at, now_) + {schema}.grant_tokens(b.full_at, now_, wanted, burst, per) * (per / burst)
		RETURNING b.granted, greatest(ceil(extract(epoch FROM b.full_at - now_) * 1000000), 0)::bigint;
END $$;

-- forget_buckets removes at most the number of buckets that are full, and returns how many.
CREATE FUNCTION {schema}.forget_buckets(most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	n integer;
BEGIN
	PERFORM {schema}.relax(true);
	DELETE FROM {schema}.buckets WHERE key IN (
		SELECT key FROM {schema}.buckets WHERE full_at < clock_timestamp() LIMIT most FOR UPDATE SKIP LOCKED);
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;
