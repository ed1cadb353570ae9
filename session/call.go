package session

// CallStart is a call that a replica is about to accept.
type CallStart struct {
	Session string
	Stream  string   // where its output goes: Standing, or a name of the door's choice
	Call    string   // the JSON-RPC id as JSON text: 1 and "1" differ
	Hash    [32]byte // SHA-256 of the request, which tells a repetition from a reused id
	Owner   string   // the fence: a token that is unique to this attempt, such as rand.Text()

	// Rerun is all that another replica needs to run the call again if this
	// one dies. Nil if the call must not run twice: whoever takes it over then
	// ends it with an "outcome unknown" error.
	Rerun []byte
}

// Outcome says what Begin found.
type Outcome uint8

// The outcomes of Begin.
const (
	New      Outcome = iota + 1 // the caller runs it
	Attached                    // someone runs it: tail its stream from Call.After
	Finished                    // its answer, if it has one, is event Call.Final of its stream
)

func (o Outcome) String() string {
	switch o {
	case New:
		return "new"
	case Attached:
		return "attached"
	case Finished:
		return "finished"
	}
	return "none"
}

// Begun is the answer of Begin.
type Begun struct {
	Outcome Outcome
	Call    Call
}

// Call is a call as the store knows it.
type Call struct {
	ID     string // the JSON-RPC id as JSON text
	Stream string // where its output is, whatever stream a later Begin named
	Owner  string // the fence token of whoever runs it, or ran it last
	After  uint64 // number of the stream's last event when it began: its output follows
	Final  uint64 // number of its answer's event; 0 in flight, or if it ended without an answer

	// Orphaned says that the replica that runs it is dead: Take it.
	Orphaned bool

	Rerun []byte // see CallStart; nil once it has finished
}

// Orphan is a call whose owner is dead, and the session that it belongs to.
type Orphan struct {
	Session string
	Call    Call
}

// Output says whose output an Append is.
type Output struct {
	Session string
	Stream  string // for a message that no call is behind
	Call    string // the JSON-RPC id; with Owner
	Owner   string // the fence; empty for a message that no call is behind
	Final   bool   // the call ends with these messages
}

// Takeover names the call to take, and the owner that it is taken from.
type Takeover struct {
	Session string
	Call    string
	From    string // the owner that Calls reported as orphaned
	Owner   string // the fence token of the taker
}

// Event is one message in a stream.
type Event struct {
	N    uint64 // its number in the stream, from 1
	Call string // the call whose output it is; empty for none
	Data []byte
}

// Page is a piece of a stream.
type Page struct {
	Events []Event
	Last   uint64 // number of the stream's last event, 0 for none yet

	// Ended says that no call of the stream is in flight and that Events reach
	// to Last: unless it is Standing, nothing will follow.
	Ended bool
}

// Signal is a small message to whoever runs a call, or to all replicas.
type Signal struct {
	Session string // empty for a signal that is about none
	Call    string // the JSON-RPC id of the call; empty for all replicas
	Kind    string // what it means: the door's choice, or Deleted
	Payload []byte
}

// Deleted is the kind of the signal that Delete sends to all replicas: whoever
// runs a call of the session cancels it.
const Deleted = "deleted"
