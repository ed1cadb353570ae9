-- Each function is one step of the contract, atomic in itself: one statement, one
-- round trip. They rely on READ COMMITTED: what follows a lock sees what the lock
-- waited for. A release that changes one adds it under a new name, since the old
-- replicas of a rolling deployment still call the old one.

-- relax makes this transaction's commit return before it is on disk.
CREATE FUNCTION {schema}.relax(relaxed boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF relaxed THEN
		PERFORM set_config('synchronous_commit', 'off', true);
	END IF;
END $$;

-- lives reports whether a replica lives, as judge sees it. One that has closed
-- does not. One whose sign of life is late is dead if its connection is gone
-- too, else once it is very late. Only a replica that has been steady itself for
-- as long may judge: after an outage of the server all are late.
CREATE FUNCTION {schema}.lives(replica bigint, judge bigint) RETURNS boolean LANGUAGE sql VOLATILE AS $$
	SELECT replica = judge OR EXISTS (
		SELECT FROM {schema}.replicas r
		WHERE r.id = replica AND NOT r.closed AND NOT (
			r.beat < clock_timestamp() - r.late_after
			AND EXISTS (
				SELECT FROM {schema}.replicas j
				WHERE j.id = judge AND j.beat > clock_timestamp() - j.late_after AND (
					j.steady < clock_timestamp() - r.dead_after AND r.beat < clock_timestamp() - r.dead_after
					OR j.steady < clock_timestamp() - 2 * r.late_after AND NOT EXISTS (
						SELECT FROM pg_stat_activity a
						WHERE a.pid = r.backend AND (a.backend_start IS NULL OR a.backend_start = r.backend_age)))))) 
$$;

-- beat is a replica's sign of life. It returns the replicas that are dead, whether
-- signals wait for it, and how many sessions there are.
CREATE FUNCTION {schema}.beat(me bigint, late interval, dead interval, backend_ integer, backend_age_ timestamptz,
	OUT dead_replicas bigint[], OUT signals boolean, OUT sessions bigint) LANGUAGE plpgsql AS $$
DECLARE
	now_ timestamptz := clock_timestamp();
BEGIN
	PERFORM {schema}.relax(true);
	INSERT INTO {schema}.replicas AS r (id, beat, steady, late_after, dead_after, backend, backend_age)
	VALUES (me, now_, now_, late, dead, backend_, backend_age_)
	ON CONFLICT (id) DO UPDATE SET
		steady = CASE WHEN r.beat < now_ - late THEN now_ ELSE r.steady END,
		beat = now_, late_after = late, dead_after = dead, backend = backend_, backend_age = backend_age_;
	dead_replicas := ARRAY(SELECT r.id FROM {schema}.replicas r
		WHERE (r.closed OR r.beat < now_ - r.late_after) AND NOT {schema}.lives(r.id, me));
	signals := EXISTS (SELECT FROM {schema}.signals s WHERE s.replica = me);
	sessions := (SELECT sum(used) FROM {schema}.slots);
END $$;

-- leave ends a replica. What is left of it are the calls that it has not finished.
CREATE FUNCTION {schema}.leave(me bigint) RETURNS void LANGUAGE sql AS $$
	UPDATE {schema}.replicas SET closed = true WHERE id = me;
	DELETE FROM {schema}.replicas r WHERE r.id = me
	AND NOT EXISTS (SELECT FROM {schema}.calls c WHERE c.runner = me AND c.done_seq IS NULL);
	DELETE FROM {schema}.signals s WHERE s.replica = me;
$$;

-- forget_replicas removes those that have been dead for long and have left nothing.
CREATE FUNCTION {schema}.forget_replicas(me bigint, long_ interval) RETURNS void LANGUAGE sql AS $$
	DELETE FROM {schema}.replicas r
	WHERE (r.closed OR r.beat < clock_timestamp() - long_) AND NOT {schema}.lives(r.id, me)
	AND NOT EXISTS (SELECT FROM {schema}.calls c WHERE c.runner = r.id AND c.done_seq IS NULL);
	DELETE FROM {schema}.signals s WHERE NOT EXISTS (SELECT FROM {schema}.replicas r WHERE r.id = s.replica);
$$;

-- create_session returns 0, or 1 for an id in use, 2 for one too many of the
-- principal, 3 for one too many in all.
CREATE FUNCTION {schema}.create_session(relaxed boolean, id_ bytea, principal_ bytea, record_ text,
	per_principal integer, in_all integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	now_  timestamptz := clock_timestamp();
	sid_  bigint;
	slot_ integer;
BEGIN
	-- A look without locks, so that who is refused makes nobody wait.
	IF EXISTS (SELECT FROM {schema}.sessions WHERE id = id_) THEN
		RETURN 1;
	ELSIF (SELECT sessions FROM {schema}.principals WHERE principal = sha256(principal_)) >= per_principal THEN
		RETURN 2;
	ELSIF (SELECT sum(used) FROM {schema}.slots) >= in_all THEN
		RETURN 3;
	END IF;
	PERFORM {schema}.relax(relaxed);
	INSERT INTO {schema}.sessions (id, principal, record, created, seen, watched, slot)
	VALUES (id_, principal_, record_, now_, now_, '-infinity', -1)
	ON CONFLICT (id) DO NOTHING RETURNING sid INTO sid_;
	IF NOT FOUND THEN
		RETURN 1;
	END IF;
	INSERT INTO {schema}.principals AS p (principal, sessions) VALUES (sha256(principal_), 1)
	ON CONFLICT (principal) DO UPDATE SET sessions = p.sessions + 1 WHERE p.sessions < per_principal;
	IF NOT FOUND THEN
		DELETE FROM {schema}.sessions WHERE sid = sid_;
		RETURN 2;
	END IF;
	SELECT slot INTO slot_ FROM {schema}.slots
	WHERE used < in_all / 16 + (slot < in_all % 16)::integer
	ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		PERFORM FROM {schema}.slots ORDER BY slot FOR UPDATE;
		SELECT slot INTO slot_ FROM {schema}.slots
		WHERE used < in_all / 16 + (slot < in_all % 16)::integer LIMIT 1;
		IF NOT FOUND THEN
			DELETE FROM {schema}.sessions WHERE sid = sid_;
			UPDATE {schema}.principals SET sessions = sessions - 1 WHERE principal = sha256(principal_);
			DELETE FROM {schema}.principals WHERE principal = sha256(principal_) AND sessions = 0;
			RETURN 3;
		END IF;
	END IF;
	UPDATE {schema}.slots SET used = used + 1 WHERE slot = slot_;
	UPDATE {schema}.sessions SET slot = slot_ WHERE sid = sid_;
	INSERT INTO {schema}.streams (session, name) VALUES (sid_, '0');
	RETURN 0;
END $$;

CREATE FUNCTION {schema}.touch_session(id_ bytea) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM {schema}.relax(true);
	UPDATE {schema}.sessions SET seen = clock_timestamp() WHERE id = id_;
	RETURN FOUND;
END $$;

-- remove_sessions removes sessions whose rows the caller has locked.
CREATE FUNCTION {schema}.remove_sessions(sids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	ids bigint[];
	one record;
BEGIN
	DELETE FROM {schema}.calls WHERE session = ANY (sids);
	-- Once the streams are gone nobody appends: whoever did has committed.
	WITH gone AS (DELETE FROM {schema}.streams WHERE session = ANY (sids) RETURNING id)
	SELECT array_agg(id) INTO ids FROM gone;
	DELETE FROM {schema}.events WHERE stream = ANY (ids);
	FOR one IN SELECT sha256(principal) AS principal, count(*) AS n FROM {schema}.sessions WHERE sid = ANY (sids) GROUP BY 1 ORDER BY 1 LOOP
		UPDATE {schema}.principals SET sessions = sessions - one.n WHERE principal = one.principal;
		DELETE FROM {schema}.principals WHERE principal = one.principal AND sessions <= 0;
	END LOOP;
	FOR one IN SELECT slot, count(*) AS n FROM {schema}.sessions WHERE sid = ANY (sids) GROUP BY 1 ORDER BY 1 LOOP
		UPDATE {schema}.slots SET used = used - one.n WHERE slot = one.slot;
	END LOOP;
	DELETE FROM {schema}.sessions WHERE sid = ANY (sids);
END $$;

-- delete_session removes the session and tells all replicas but the caller.
CREATE FUNCTION {schema}.delete_session(relaxed boolean, id_ bytea, me bigint, kind_ bytea, payload_ text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	sid_ bigint;
BEGIN
	SELECT sid INTO sid_ FROM {schema}.sessions WHERE id = id_ FOR UPDATE;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	PERFORM {schema}.relax(relaxed);
	PERFORM {schema}.remove_sessions(ARRAY[sid_]);
	PERFORM {schema}.broadcast(me, id_, kind_, payload_);
	RETURN true;
END $$;

CREATE FUNCTION {schema}.broadcast(me bigint, session_ bytea, kind_ bytea, payload_ text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO {schema}.signals (replica, session, call, kind, payload)
	SELECT id, session_, '', kind_, payload_ FROM {schema}.replicas WHERE id <> me AND NOT closed;
$$;

-- send_signal returns the replica that runs the call, 0 for all, -1 for a session
-- and -2 for a call that is not there. The caller itself it leaves out.
CREATE FUNCTION {schema}.send_signal(me bigint, session_ bytea, call_ bytea, kind_ bytea, payload_ text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	sid_    bigint;
	runner_ bigint;
BEGIN
	IF session_ <> '' OR call_ <> '' THEN
		SELECT sid INTO sid_ FROM {schema}.sessions WHERE id = session_;
		IF NOT FOUND THEN
			RETURN -1;
		END IF;
	END IF;
	IF call_ = '' THEN
		PERFORM {schema}.broadcast(me, session_, kind_, payload_);
		RETURN 0;
	END IF;
	SELECT runner INTO runner_ FROM {schema}.calls WHERE session = sid_ AND key = sha256(call_) AND done_seq IS NULL;
	IF NOT FOUND OR NOT {schema}.lives(runner_, me) THEN
		RETURN -2;
	END IF;
	IF runner_ <> me THEN
		INSERT INTO {schema}.signals (replica, session, call, kind, payload)
		VALUES (runner_, session_, call_, kind_, payload_);
	END IF;
	RETURN runner_;
END $$;

-- begin_call's outcome is 1 new, 2 attached, 3 finished; 0 no session, -1 another
-- hash, -2 one too many.
CREATE FUNCTION {schema}.begin_call(relaxed boolean, session_ bytea, stream_ bytea, call_ bytea, hash_ bytea,
	owner_ bytea, rerun_ text, me bigint, most integer,
	OUT outcome integer, OUT o_stream bytea, OUT o_owner bytea, OUT o_after bigint, OUT o_final bigint,
	OUT o_rerun text, OUT o_orphaned boolean) LANGUAGE plpgsql AS $$
DECLARE
	s  {schema}.sessions;
	c  {schema}.calls;
	st {schema}.streams;
	counted_ bigint;
BEGIN
	SELECT * INTO s FROM {schema}.sessions WHERE id = session_ FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		outcome := 0;
		RETURN;
	END IF;
	SELECT * INTO c FROM {schema}.calls WHERE session = s.sid AND key = sha256(call_);
	IF FOUND OR s.in_flight >= most THEN
		PERFORM {schema}.relax(true); -- for a sign of life alone
		UPDATE {schema}.sessions SET seen = clock_timestamp() WHERE sid = s.sid;
		IF c.call IS NULL THEN
			outcome := -2;
		ELSIF c.hash <> hash_ THEN
			outcome := -1;
		ELSE
			outcome := CASE WHEN c.done_seq IS NOT NULL THEN 3 WHEN c.owner = owner_ THEN 1 ELSE 2 END;
			o_stream := (SELECT name FROM {schema}.streams WHERE id = c.stream);
			o_owner := c.owner;
			o_after := c.after;
			o_final := CASE WHEN c.answered THEN c.last ELSE 0 END;
			o_rerun := c.rerun;
			o_orphaned := outcome < 3 AND NOT {schema}.lives(c.runner, me);
		END IF;
		RETURN;
	END IF;
	PERFORM {schema}.relax(relaxed);
	counted_ := 0;
	INSERT INTO {schema}.streams (session, name, calls, in_flight) VALUES (s.sid, stream_, 1, 1)
	ON CONFLICT (session, name) DO NOTHING RETURNING * INTO st;
	IF NOT FOUND THEN
		SELECT counted INTO counted_ FROM {schema}.streams WHERE session = s.sid AND name = stream_ FOR NO KEY UPDATE;
		UPDATE {schema}.streams SET calls = calls + 1, in_flight = in_flight + 1, counted = 0
		WHERE session = s.sid AND name = stream_ RETURNING * INTO st;
	END IF;
	INSERT INTO {schema}.calls (session, call, stream, hash, owner, runner, after, rerun)
	VALUES (s.sid, call_, st.id, hash_, owner_, me, st.last, rerun_);
	UPDATE {schema}.sessions SET seen = clock_timestamp(), in_flight = in_flight + 1, kept_bytes = kept_bytes - counted_
	WHERE sid = s.sid;
	outcome := 1;
	o_stream := stream_;
	o_owner := owner_;
	o_after := st.last;
	o_final := 0;
	o_rerun := rerun_;
	o_orphaned := false;
END $$;

-- forget drops finished calls of a session that the caller has locked: the oldest
-- ones beyond the bounds, and those that finished before the instant. The newest
-- one stays whatever its size.
CREATE FUNCTION {schema}.forget(sid_ bigint, keep_calls integer, keep_bytes bigint, before timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	s  {schema}.sessions;
	c  {schema}.calls;
	st {schema}.streams;
	oldest timestamptz;
BEGIN
	SELECT * INTO s FROM {schema}.sessions WHERE sid = sid_;
	FOR c IN SELECT * FROM {schema}.calls WHERE session = sid_ AND done_seq IS NOT NULL ORDER BY done_seq LOOP
		IF c.done_at > before AND (s.finished <= 1 OR s.finished <= keep_calls AND s.kept_bytes <= keep_bytes) THEN
			oldest := c.done_at;
			EXIT;
		END IF;
		DELETE FROM {schema}.calls WHERE session = sid_ AND key = c.key;
		s.finished := s.finished - 1;
		UPDATE {schema}.streams SET calls = calls - 1 WHERE id = c.stream RETURNING * INTO st;
		IF st.calls = 0 AND st.name <> '0' THEN
			DELETE FROM {schema}.streams WHERE id = st.id;
			DELETE FROM {schema}.events WHERE stream = st.id;
			s.kept_bytes := s.kept_bytes - st.counted;
		END IF;
	END LOOP;
	UPDATE {schema}.sessions SET finished = s.finished, kept_bytes = s.kept_bytes, oldest_done = oldest WHERE sid = sid_;
END $$;

-- append_events' outcome is the number of the last event, -1 for a session or a
-- stream that is not there, -2 for a fenced owner. An owner is null for none.
CREATE FUNCTION {schema}.append_events(relaxed boolean, session_ bytea, stream_ bytea, call_ bytea, owner_ bytea,
	final boolean, messages bytea[], stream_events integer, stream_bytes bigint, keep_calls integer, keep_bytes bigint,
	OUT outcome bigint, OUT o_stream bytea) LANGUAGE plpgsql AS $$
DECLARE
	s    record;
	c    {schema}.calls;
	st   {schema}.streams;
	n    integer := cardinality(messages);
	size bigint := (SELECT coalesce(sum(octet_length(m)), 0) FROM unnest(messages) m);
	cut  bigint;
	one  integer;
BEGIN
	IF final THEN
		SELECT sid INTO s FROM {schema}.sessions WHERE id = session_ FOR NO KEY UPDATE;
	ELSE
		SELECT sid INTO s FROM {schema}.sessions WHERE id = session_;
	END IF;
	IF NOT FOUND THEN
		outcome := -1;
		RETURN;
	END IF;
	IF owner_ IS NOT NULL THEN
		SELECT * INTO c FROM {schema}.calls WHERE session = s.sid AND key = sha256(call_) FOR NO KEY UPDATE;
		IF NOT FOUND AND NOT EXISTS (SELECT FROM {schema}.sessions WHERE sid = s.sid) THEN
			outcome := -1; -- it was deleted meanwhile
			RETURN;
		ELSIF c.call IS NULL OR c.owner <> owner_ THEN
			outcome := -2;
			RETURN;
		ELSIF c.done_seq IS NOT NULL THEN
			outcome := CASE WHEN final THEN c.last ELSE -2 END;
			o_stream := (SELECT name FROM {schema}.streams WHERE id = c.stream); -- the first reply may have been lost, and its wake
			RETURN;
		END IF;
	END IF;
	PERFORM {schema}.relax(relaxed);
	IF owner_ IS NOT NULL THEN
		UPDATE {schema}.streams SET last = last + n, bytes = bytes + size, in_flight = in_flight - final::integer
		WHERE id = c.stream RETURNING * INTO st;
	ELSE
		UPDATE {schema}.streams SET last = last + n, bytes = bytes + size
		WHERE session = s.sid AND name = stream_ RETURNING * INTO st;
		IF NOT FOUND THEN
			outcome := -1;
			RETURN;
		END IF;
	END IF;
	INSERT INTO {schema}.events (stream, n, call, data)
	SELECT st.id, st.last - n + m.i, c.call, m.data FROM unnest(messages) WITH ORDINALITY m (data, i);

	cut := st.trimmed;
	WHILE cut < st.last - n AND (st.last - cut > stream_events OR st.bytes > stream_bytes) LOOP
		cut := cut + 1;
		DELETE FROM {schema}.events e WHERE e.stream = st.id AND e.n = cut RETURNING octet_length(e.data) INTO one;
		st.bytes := st.bytes - one;
	END LOOP;
	IF cut > st.trimmed THEN
		UPDATE {schema}.streams SET trimmed = cut, bytes = st.bytes WHERE id = st.id;
	END IF;
	IF final THEN
		PERFORM {schema}.finish(s.sid, c, st, n > 0, keep_calls, keep_bytes);
	END IF;
	outcome := st.last;
	o_stream := st.name;
END $$;

-- finish takes the call out of flight.
CREATE FUNCTION {schema}.finish(sid_ bigint, c {schema}.calls, st {schema}.streams, answered_ boolean,
	keep_calls integer, keep_bytes bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	s    {schema}.sessions;
	now_ timestamptz := clock_timestamp();
	kept bigint := 0;
BEGIN
	IF st.in_flight = 0 AND st.name <> '0' THEN
		kept := st.bytes;
		UPDATE {schema}.streams SET counted = kept WHERE id = st.id;
	END IF;
	UPDATE {schema}.sessions SET in_flight = in_flight - 1, finished = finished + 1, done_seq = done_seq + 1,
		kept_bytes = kept_bytes + kept, oldest_done = coalesce(oldest_done, now_)
	WHERE sid = sid_ RETURNING * INTO s;
	UPDATE {schema}.calls SET rerun = NULL, done_seq = s.done_seq, done_at = now_, last = st.last, answered = answered_
	WHERE session = sid_ AND key = c.key;
	IF s.finished > 1 AND (s.finished > keep_calls OR s.kept_bytes > keep_bytes) THEN
		PERFORM {schema}.forget(sid_, keep_calls, keep_bytes, '-infinity');
	END IF;
END $$;

-- take_call's outcome is 1, or 0 for no session and -1 for a fenced taker.
CREATE FUNCTION {schema}.take_call(relaxed boolean, session_ bytea, call_ bytea, from_ bytea, owner_ bytea, me bigint,
	OUT outcome integer, OUT o_stream bytea, OUT o_after bigint, OUT o_rerun text, OUT o_orphaned boolean) LANGUAGE plpgsql AS $$
DECLARE
	sid_ bigint;
	c    {schema}.calls;
BEGIN
	SELECT sid INTO sid_ FROM {schema}.sessions WHERE id = session_;
	IF NOT FOUND THEN
		outcome := 0;
		RETURN;
	END IF;
	SELECT * INTO c FROM {schema}.calls WHERE session = sid_ AND key = sha256(call_) FOR NO KEY UPDATE;
	IF NOT FOUND OR c.done_seq IS NOT NULL THEN
		outcome := CASE WHEN EXISTS (SELECT FROM {schema}.sessions WHERE sid = sid_) THEN -1 ELSE 0 END;
		RETURN;
	END IF;
	IF c.owner <> owner_ THEN
		IF c.owner <> from_ OR {schema}.lives(c.runner, me) THEN
			outcome := -1;
			RETURN;
		END IF;
		PERFORM {schema}.relax(relaxed);
		UPDATE {schema}.calls SET owner = owner_, runner = me WHERE session = sid_ AND key = sha256(call_);
		c.runner := me;
	END IF;
	outcome := 1;
	o_stream := (SELECT name FROM {schema}.streams WHERE id = c.stream);
	o_after := c.after;
	o_rerun := c.rerun;
	o_orphaned := NOT {schema}.lives(c.runner, me);
END $$;

-- orphans returns calls in flight whose owner is dead. It looks for calls only if
-- a replica is.
CREATE FUNCTION {schema}.orphans(me bigint, most integer)
RETURNS TABLE (o_session bytea, o_call bytea, o_stream bytea, o_owner bytea, o_after bigint, o_rerun text) LANGUAGE plpgsql AS $$
DECLARE
	dead bigint[] := ARRAY(SELECT r.id FROM {schema}.replicas r
		WHERE (r.closed OR r.beat < clock_timestamp() - r.late_after) AND NOT {schema}.lives(r.id, me));
BEGIN
	IF cardinality(dead) > 0 THEN
		RETURN QUERY SELECT s.id, c.call, t.name, c.owner, c.after, c.rerun
			FROM {schema}.calls c
			JOIN {schema}.sessions s ON s.sid = c.session
			JOIN {schema}.streams t ON t.id = c.stream
			WHERE c.runner = ANY (dead) AND c.done_seq IS NULL LIMIT most;
	END IF;
END $$;

-- mark_watched says that the caller watches the sessions. One that is locked is
-- alive without it.
CREATE FUNCTION {schema}.mark_watched(ids bytea[], every interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM {schema}.relax(true);
	UPDATE {schema}.sessions SET watched = clock_timestamp() WHERE sid IN (
		SELECT sid FROM {schema}.sessions
		WHERE id = ANY (ids) AND watched < clock_timestamp() - every
		ORDER BY sid FOR NO KEY UPDATE SKIP LOCKED);
END $$;

-- sweep_idle removes at most the number of idle sessions, and returns their ids.
CREATE FUNCTION {schema}.sweep_idle(me bigint, idle interval, most integer) RETURNS bytea[] LANGUAGE plpgsql AS $$
DECLARE
	sids bigint[];
	ids  bytea[];
BEGIN
	SELECT array_agg(x.sid), array_agg(x.id) INTO sids, ids FROM (
		SELECT s.sid, s.id FROM {schema}.sessions s
		WHERE greatest(s.seen, s.watched) < clock_timestamp() - idle AND (s.in_flight = 0 OR NOT EXISTS (
			SELECT FROM {schema}.calls c
			WHERE c.session = s.sid AND c.done_seq IS NULL AND {schema}.lives(c.runner, me)))
		ORDER BY s.sid LIMIT most FOR UPDATE SKIP LOCKED) x;
	IF sids IS NOT NULL THEN
		PERFORM {schema}.remove_sessions(sids);
	END IF;
	RETURN ids;
END $$;

-- sweep_finished forgets finished calls that are past their retention, in at most
-- the number of sessions, and returns in how many.
CREATE FUNCTION {schema}.sweep_finished(keep interval, most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	sid_ bigint;
	n    integer := 0;
BEGIN
	PERFORM {schema}.relax(true);
	FOR sid_ IN
		SELECT sid FROM {schema}.sessions WHERE oldest_done < clock_timestamp() - keep
		ORDER BY sid LIMIT most FOR NO KEY UPDATE SKIP LOCKED
	LOOP
		PERFORM {schema}.forget(sid_, 2147483647, 9223372036854775807, clock_timestamp() - keep);
		n := n + 1;
	END LOOP;
	RETURN n;
END $$;
