package session

import "context"

// Store is one replica's handle on the shared state. All handles of one engine
// (the handles that [Memory.Join] gives, or all drivers on one database) see
// the same sessions.
//
// Clauses that hold for every method:
//
//   - A method is safe for use by many goroutines, and heeds its context.
//   - A session that does not exist, or does not exist any more, is
//     [ErrNotFound].
//   - A driver that cannot reach its engine returns an error that wraps
//     [ErrUnavailable]. The outcome is then unknown; Create excepted, every
//     method may be repeated as it was called, and says what a repetition does.
//   - After Close every method returns an error that wraps [ErrClosed].
//   - Byte slices and records are shared, not copied: neither side modifies
//     what it has given or was given.
//   - What comes out is what went in: a driver whose engine others can write to
//     authenticates Rerun and Payload, and drops what it cannot verify.
//   - No session's reader or writer waits for another session's.
type Store interface {
	Records
	Log
	Wakes

	// Close ends this replica's handle. Watches wake, and the calls that it
	// began and has not finished count as orphaned from now on. The engine's
	// state stays for the other replicas.
	Close() error
}

// Records are the sessions themselves.
type Records interface {
	// Create adds a session. The store sets Created and LastSeen.
	//
	//   - An ID in use is [ErrExists], also after an ambiguous reply.
	//   - One session too many for its principal is [ErrTooMany], one too many
	//     in all is [ErrFull]; nothing is stored then.
	Create(ctx context.Context, r Record) error

	// Load returns the record as the last Create or Update left it. It does
	// not count as a sign of life.
	Load(ctx context.Context, id string) (Record, error)

	// Update changes the record by compare-and-swap: change gets a private
	// copy, and may run several times, until no other update came between.
	//
	//   - No concurrent update is lost.
	//   - An error of change is returned as it is, and nothing is stored.
	//   - ID, Principal, Transport and Created are bound for the session's
	//     life: a change of them is [ErrBound], and nothing is stored.
	Update(ctx context.Context, id string, change func(*Record) error) error

	// Touch is a sign of life from the client. Begin counts as one too.
	Touch(ctx context.Context, id string) error

	// Delete removes the session with its calls and logs.
	//
	//   - Its watches wake, so that tailers find it gone.
	//   - Every replica's listeners get a [Signal] of kind [Deleted].
	//   - Whoever still runs one of its calls gets ErrNotFound from Append.
	//   - Its ID is free; its place under the caps too.
	Delete(ctx context.Context, id string) error

	// Sweep deletes sessions that are idle: no sign of life for
	// [Limits].IdleAfter, no watch on a replica that lives, no call in flight
	// whose owner lives. It forgets finished calls that are past their
	// retention. It returns how many sessions it deleted.
	//
	// Each replica calls it from one ticker, at least three times per
	// IdleAfter: a driver may learn of another replica's watches only by that
	// replica's Sweep.
	Sweep(ctx context.Context) (int, error)
}

// Log is the calls in flight and the output of calls. A session has any number
// of streams, each a log of events that are numbered from 1 without gaps. The
// stream [Standing] lives as long as the session; any other lives until the
// last call that began on it is forgotten.
type Log interface {
	// Begin accepts a call: when it returns [New], the call is recorded, and
	// the caller must run it and end it by a final Append. It is atomic.
	//
	//   - (Session, Call) is an idempotency key. Of concurrent Begins with
	//     different owners exactly one is New; the others are [Attached], and
	//     Call says which stream has the output. Once the call has finished
	//     they are [Finished], until it is forgotten.
	//   - A known key with another Hash is [ErrReused].
	//   - It is idempotent on Owner: after an ambiguous reply the same Begin is
	//     New again while the call is in flight.
	//   - One call in flight too many for the session is [ErrTooMany].
	Begin(ctx context.Context, c CallStart) (Begun, error)

	// Append adds messages to a stream and returns the number of the last
	// event. It is atomic: all of it or nothing, in order, with nothing between.
	//
	//   - With an Owner it is fenced: unless the call is in flight and owned by
	//     Owner, it is [ErrFenced] and nothing is written. The output goes to
	//     the stream on which the call began; Stream is ignored.
	//   - Final takes the call out of flight in the same step. Without messages
	//     the call ends without an answer. A repeated final Append of the same
	//     owner writes nothing and returns the first one's number.
	//   - Without an Owner it is a message that no call is behind. It goes to
	//     Standing, or to a stream that has a call; any other is ErrNotFound.
	//     Repeated, it is written twice.
	//   - It wakes the watches of the stream.
	//   - A stream over its bounds loses its oldest events, never those of this
	//     Append.
	Append(ctx context.Context, o Output, messages ...[]byte) (uint64, error)

	// Take makes another owner out of the one that the caller saw in Calls.
	// It is a compare-and-swap: of concurrent takers exactly one wins and gets
	// the call, with Rerun.
	//
	//   - It is [ErrFenced] if the call is not in flight, if From does not own
	//     it any more, or if From lives.
	//   - It is idempotent on Owner, while that owns the call.
	Take(ctx context.Context, t Takeover) (Call, error)

	// Calls returns the session's calls in flight, in no particular order.
	Calls(ctx context.Context, session string) ([]Call, error)

	// Orphans returns calls in flight whose owner is dead, of all sessions, at
	// most max, in no particular order: those that nobody tails must be taken too.
	//
	//   - A call is among them until it is taken, has finished, or its session
	//     has gone.
	//   - Where every owner lives it looks at the replicas, not at the sessions:
	//     each replica may call it several times per second.
	Orphans(ctx context.Context, max int) ([]Orphan, error)

	// Read returns at most max events that follow number after (0: from the
	// start), with the state of the stream at that instant. Max 0 reads the
	// state alone.
	//
	//   - Reading on from the number of any event that was read gives exactly
	//     the events that follow it, on any replica.
	//   - If some of those were trimmed, or the stream never came that far, or
	//     it was forgotten, it is [ErrTrimmed].
	//   - A stream that does not exist is empty and ended when read from 0.
	Read(ctx context.Context, session, stream string, after uint64, max int) (Page, error)
}

// Wakes tell a replica to look, and carry small messages between replicas.
type Wakes interface {
	// Watch sends to wake, without waiting, whenever there may be something
	// new to Read in the stream: after each Append to it, and after the end of
	// the session. Give it a buffered channel; one may serve many watches.
	//
	//   - An event appended after Watch returned is followed by a wake. So a
	//     reader that watches first, reads to the end, and then waits, misses
	//     nothing.
	//   - A wake says nothing but "look"; several events may share one.
	//   - Engines lose wakes when a connection breaks: readers also look at
	//     every tick of their own.
	//   - A watch on a session that does not exist wakes at once.
	//
	// The returned function ends the watch; it may be called twice.
	Watch(session, stream string, wake chan<- struct{}) (stop func())

	// Notify sends the signal to the replica that runs Signal.Call, or to
	// every replica, this one included, if Call is empty. Without a Session it is
	// for every replica, whatever sessions there are.
	//
	//   - A call that is not in flight on a live replica is [ErrNotRunning].
	//   - A signal arrives at most once, and in the order of its sender. Nil
	//     means that it was sent, not that it was acted on.
	Notify(ctx context.Context, s Signal) error

	// Listen hands this replica's signals to handle, which must not block. The
	// returned function ends it; it may be called twice. A signal may still be
	// on its way to handle when it returns.
	Listen(handle func(Signal)) (stop func())
}
