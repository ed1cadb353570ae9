package pgstore

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-go/tandem/session"
)

// everyone stands for all replicas where one's id could be.
const everyone = 0

// Notify implements [session.Wakes]. What is for this replica is delivered at
// once; for the others it waits in a table until they are told to look.
func (s *Store) Notify(ctx context.Context, sig session.Signal) error {
	var to int64
	err := s.step(ctx, once, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, s.sql.sendSignal, s.me, []byte(sig.Session), []byte(sig.Call), []byte(sig.Kind), s.sealSignal(&sig)).Scan(&to)
	})
	switch {
	case err != nil:
		return err
	case to == -1:
		return session.ErrNotFound
	case to == -2:
		return session.ErrNotRunning
	case to == s.me:
		s.listeners.deliver(sig)
		return nil
	}
	s.link.mail(to)
	if to == everyone {
		s.listeners.deliver(sig)
	}
	return nil
}

// Listen implements [session.Wakes].
func (s *Store) Listen(handle func(session.Signal)) (stop func()) { return s.listeners.add(handle) }

// takeSignals takes what waits for this replica and delivers it in the order in
// which it was sent. If the reply is lost the signals are too.
func (s *Store) takeSignals(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, s.sql.takeSignals, s.me)
	if err != nil {
		return err
	}
	type letter struct {
		id int64
		session.Signal
	}
	var (
		letters          []letter
		id               int64
		sess, call, kind []byte
		payload          string
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &sess, &call, &kind, &payload}, func() error {
		sig := session.Signal{Session: string(sess), Call: string(call), Kind: string(kind)}
		if s.openSignal(&sig, payload) {
			letters = append(letters, letter{id, sig})
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(letters, func(a, b letter) int { return cmp.Compare(a.id, b.id) })
	for _, l := range letters {
		s.listeners.deliver(l.Signal)
	}
	return nil
}

// listeners are whoever takes this replica's signals.
type listeners struct {
	mu  sync.RWMutex
	all []*listener // replaced, never modified
}

type listener struct{ handle func(session.Signal) }

func (ls *listeners) add(handle func(session.Signal)) (stop func()) {
	l := &listener{handle}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.all = append(slices.Clip(ls.all), l)
	return func() {
		ls.mu.Lock()
		defer ls.mu.Unlock()
		ls.all = slices.DeleteFunc(slices.Clone(ls.all), func(x *listener) bool { return x == l })
	}
}

func (ls *listeners) deliver(sig session.Signal) {
	ls.mu.RLock()
	all := ls.all
	ls.mu.RUnlock()
	for _, l := range all {
		l.handle(sig)
	}
}
