package redisstore_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/tandem-go/tandem/internal/redistest"
	"github.com/tandem-go/tandem/session"
)

// A tailer that is slow finds its answer, whatever other calls finish meanwhile;
// once it has gone, its call is forgotten like any other.
func TestWatchedCallIsKept(t *testing.T) {
	url := redistest.Start(t).URL()
	o := options()
	o.Limits.KeepCalls, o.Limits.KeepBytes = 2, 100
	s, other := open(t, url, o), open(t, url, o)
	id := create(t, s)
	answer := func(call, text string) {
		t.Helper()
		c := start(id, call)
		begin(t, s, c)
		if _, err := s.Append(t.Context(), output(c, true), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	var stops []func()
	for _, reader := range []session.Store{s, other} {
		stops = append(stops, reader.Watch(id, "of slow", make(chan struct{}, 1)))
	}
	answer("slow", "awaited")
	for i := range 10 {
		answer(strconv.Itoa(i), string(make([]byte, 60)))
	}
	stops[0]() // the other replica's reader is still there
	answer("newest", "newest")
	for _, call := range []string{"slow", "newest"} {
		if got := texts(t, other, id, "of "+call); len(got) != 1 {
			t.Fatalf("the log of call %s has %q", call, got)
		}
	}
	stops[1]()
	n := 0
	eventually(t, "a call that nobody watches any more is forgotten", func() bool {
		n++
		answer("more "+strconv.Itoa(n), "x")
		_, err := s.Read(t.Context(), id, "of slow", 1, 9)
		return errors.Is(err, session.ErrTrimmed)
	})
}
