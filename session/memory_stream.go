package session

import "slices"

// memStream is the log of a stream. Readers hold parts of log, so that what
// was once appended is never written to again.
type memStream struct {
	log      []Event
	first    [1]Event // room for the log of a call that sends its answer alone
	last     uint64   // number of the last event
	bytes    int      // of the events in log
	trimmed  int      // bytes trimmed from log's array and still held by it
	calls    int      // calls that began on it and are not forgotten
	inFlight int      // those of them that have not finished
	counted  int      // bytes of it that finishedCalls counts
}

// append adds the messages and drops the oldest events that are over the
// bounds, but none of these.
func (st *memStream) append(call string, messages [][]byte, l *Limits) {
	if st.log == nil {
		st.log = st.first[:0]
	}
	for _, data := range messages {
		st.last++
		st.log = append(st.log, Event{N: st.last, Call: call, Data: data})
		st.bytes += len(data)
	}
	st.trim(len(messages), l)
}

func (st *memStream) trim(keep int, l *Limits) {
	n := 0
	for len(st.log)-n > keep && (len(st.log)-n > l.StreamEvents || st.bytes > l.StreamBytes) {
		st.bytes -= len(st.log[n].Data)
		st.trimmed += len(st.log[n].Data)
		n++
	}
	st.log = st.log[n:]
	if st.trimmed > l.StreamBytes {
		st.log = slices.Clone(st.log)
		st.trimmed = 0
	}
}

// page returns at most n events after the number.
func (st *memStream) page(after uint64, n int) (Page, error) {
	p := Page{Last: st.last}
	if after > st.last || after < st.last-uint64(len(st.log)) {
		return p, ErrTrimmed
	}
	from := len(st.log) - int(st.last-after)
	to := from + min(max(n, 0), len(st.log)-from)
	p.Events = st.log[from:to:to]
	p.Ended = st.inFlight == 0 && to == len(st.log)
	return p, nil
}
