package session_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem/session"
)

// An event id names one position in one stream, in one spelling.
func TestEventID(t *testing.T) {
	for _, c := range []struct {
		stream string
		n      uint64
		id     string
	}{
		{session.Standing, 1, "0_1"},
		{"a_b", 0, "a_b_0"},
		{"x", math.MaxUint64, "x_18446744073709551615"},
	} {
		if got := session.EventID(c.stream, c.n); got != c.id {
			t.Errorf("EventID(%q, %d) = %q, want %q", c.stream, c.n, got, c.id)
		}
		stream, n, ok := session.ParseEventID(c.id)
		if stream != c.stream || n != c.n || !ok {
			t.Errorf("ParseEventID(%q) = %q, %d, %v", c.id, stream, n, ok)
		}
	}
	for _, id := range []string{"", "_", "_1", "0", "0_", "0_01", "0_-1", "0_+1", "0_1 ", "0_1x", "0_18446744073709551616"} {
		if stream, n, ok := session.ParseEventID(id); ok {
			t.Errorf("ParseEventID(%q) = %q, %d: no event has this id", id, stream, n)
		}
	}
}

func FuzzParseEventID(f *testing.F) {
	f.Add("0_1")
	f.Add("a_b_18446744073709551615")
	f.Fuzz(func(t *testing.T, id string) {
		if stream, n, ok := session.ParseEventID(id); ok && session.EventID(stream, n) != id {
			t.Errorf("%q parses as %q, %d, whose id is %q", id, stream, n, session.EventID(stream, n))
		}
	})
}

// Drivers store records as JSON: nothing of one is lost on the way.
func TestRecordJSON(t *testing.T) {
	in := session.Record{
		ID: "s", Principal: "iss\x00sub", Transport: session.SSE, ProtocolVersion: "2025-11-25",
		ClientInfo: json.RawMessage(`{"a":1}`), Capabilities: json.RawMessage(`{}`), Initialized: true,
		LogLevel: "info", Subscriptions: []string{"u"}, Extra: map[string]json.RawMessage{"k": json.RawMessage(`1`)},
	}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out session.Record
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Error(diff)
	}
}

// Every limit has a default and refuses to be negative.
func TestLimits(t *testing.T) {
	l, err := session.Limits{}.Resolved()
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]int{
		"Sessions": l.Sessions, "SessionsPerPrincipal": l.SessionsPerPrincipal, "CallsPerSession": l.CallsPerSession,
		"StreamEvents": l.StreamEvents, "StreamBytes": l.StreamBytes, "KeepCalls": l.KeepCalls, "KeepBytes": l.KeepBytes,
		"KeepFor": int(l.KeepFor), "IdleAfter": int(l.IdleAfter),
	} {
		if n <= 0 {
			t.Errorf("Limits.%s has no default", name)
		}
	}
	if again, err := l.Resolved(); err != nil || again != l {
		t.Errorf("resolved limits resolve to %+v, %v", again, err)
	}
	for _, bad := range []session.Limits{{Sessions: -1}, {SessionsPerPrincipal: -1}, {CallsPerSession: -1}, {StreamEvents: -1},
		{StreamBytes: -1}, {KeepCalls: -1}, {KeepBytes: -1}, {KeepFor: -1}, {IdleAfter: -1}} {
		if _, err := bad.Resolved(); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

// An update works on a copy: what others hold of the record stays as it is.
func TestRecordChanged(t *testing.T) {
	r := session.Record{ID: "s", Subscriptions: []string{"a", "b"}, Extra: map[string]json.RawMessage{"k": nil}}
	c, err := r.Changed(func(c *session.Record) error {
		c.Subscriptions[0] = "z"
		c.Extra["l"] = nil
		return nil
	})
	if err != nil || c.Subscriptions[0] != "z" || r.Subscriptions[0] != "a" || len(r.Extra) != 1 {
		t.Errorf("after a change the record is %+v and its copy %+v, %v", r, c, err)
	}
	if _, err := r.Changed(func(c *session.Record) error { c.Principal = "x"; return nil }); !errors.Is(err, session.ErrBound) {
		t.Errorf("a change of the principal is %v", err)
	}
}
