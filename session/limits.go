package session

import (
	"fmt"
	"time"
)

// Limits bound what a store keeps; every driver takes them. The zero value of
// a field means its default.
type Limits struct {
	Sessions             int // sessions in all; default 10,000
	SessionsPerPrincipal int // sessions of one principal; default 1,000
	CallsPerSession      int // calls in flight in one session; default 64

	StreamEvents int // events kept in one stream; default 1,024
	StreamBytes  int // bytes of events kept in one stream; default 1 MiB

	KeepCalls int           // finished calls kept in one session; default 64
	KeepBytes int           // bytes of their streams kept in one session; default 1 MiB
	KeepFor   time.Duration // how long a finished call is kept; default 5 min

	IdleAfter time.Duration // a session without a sign of life is idle after; default 30 min
}

// Resolved returns the limits with defaults filled in. It is an error, which
// names the field, if one is negative.
func (l Limits) Resolved() (Limits, error) {
	for _, f := range []struct {
		name string
		v    *int
		def  int
	}{
		{"Sessions", &l.Sessions, 10_000},
		{"SessionsPerPrincipal", &l.SessionsPerPrincipal, 1_000},
		{"CallsPerSession", &l.CallsPerSession, 64},
		{"StreamEvents", &l.StreamEvents, 1_024},
		{"StreamBytes", &l.StreamBytes, 1 << 20},
		{"KeepCalls", &l.KeepCalls, 64},
		{"KeepBytes", &l.KeepBytes, 1 << 20},
	} {
		if err := resolve(f.name, f.v, f.def); err != nil {
			return l, err
		}
	}
	if err := resolve("KeepFor", &l.KeepFor, 5*time.Minute); err != nil {
		return l, err
	}
	return l, resolve("IdleAfter", &l.IdleAfter, 30*time.Minute)
}

func resolve[T int | time.Duration](name string, v *T, def T) error {
	if *v < 0 {
		return fmt.Errorf("session: Limits.%s is negative", name)
	}
	if *v == 0 {
		*v = def
	}
	return nil
}
