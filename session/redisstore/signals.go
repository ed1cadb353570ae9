package redisstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/tandem-go/tandem/session"
)

type listener struct{ handle func(session.Signal) }

// listeners are who handles this replica's signals.
type listeners struct {
	mu  sync.Mutex
	all []*listener // replaced, never modified
}

func (ls *listeners) list() []*listener {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.all
}

func (ls *listeners) add(l *listener) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.all = append(slices.Clip(ls.all), l)
}

func (ls *listeners) remove(l *listener) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.all = slices.DeleteFunc(slices.Clone(ls.all), func(x *listener) bool { return x == l })
}

// Listen implements [session.Wakes]. Signals are handled one after the other.
func (s *Store) Listen(handle func(session.Signal)) (stop func()) {
	l := &listener{handle}
	s.listeners.add(l)
	return func() { s.listeners.remove(l) }
}

// Notify implements [session.Wakes]. ErrUnavailable also says that the replica
// that runs the call has no connection to the engine right now.
func (s *Store) Notify(ctx context.Context, sig session.Signal) error {
	runner, err := s.runner(ctx, &sig)
	switch {
	case err != nil:
		return err
	case sig.Call == "":
		return s.broadcast(ctx, sig)
	case runner == "":
		return session.ErrNotRunning
	}
	heard, err := s.tell(ctx, runner, sig)
	if heard || err != nil {
		return err
	}
	dead, err := s.dead(ctx, runner)
	switch {
	case err != nil:
		return err
	case dead:
		return session.ErrNotRunning
	}
	return fmt.Errorf("%w: the replica that runs the call is not connected", session.ErrUnavailable)
}

// runner returns the replica that runs the signal's call; "" for none.
func (s *Store) runner(ctx context.Context, sig *session.Signal) (string, error) {
	if sig.Session == "" && sig.Call == "" {
		return "", s.enter(ctx)
	}
	reply, err := s.eval(ctx, &runnerScript, s.sessionKey(sig.Session), sig.Call)
	if err != nil {
		return "", err
	}
	return reply.text(1), reply.failure()
}

// broadcast tells every replica that is connected. Each one has a channel of
// its own, so that all signals of a sender come the same way, in order.
func (s *Store) broadcast(ctx context.Context, sig session.Signal) error {
	all, err := s.replicas(ctx)
	if err != nil {
		return err
	}
	for _, replica := range all {
		if _, err := s.tell(ctx, replica, sig); err != nil {
			return err
		}
	}
	return nil
}

// tell reports whether the replica was there to hear it.
func (s *Store) tell(ctx context.Context, replica string, sig session.Signal) (bool, error) {
	envelope := s.secrets.seal(joinFields(sig.Session, sig.Call, sig.Kind, string(sig.Payload)), "signal", replica)
	reply, err := s.eval(ctx, &tellScript, []string{s.replicaKey(replica)}, string(signalMark)+string(envelope))
	return err == nil && reply.status() == "alive", err
}

// hear hands a signal to the listeners, unless it is forged.
func (s *Store) hear(envelope string) {
	text, ok := s.secrets.open(envelope, "signal", s.id)
	fields := splitFields(text)
	if !ok || len(fields) != 4 {
		s.options.Logger.Warn("redisstore: a signal was not sent with our secret, and is dropped")
		return
	}
	sig := session.Signal{Session: fields[0], Call: fields[1], Kind: fields[2], Payload: []byte(fields[3])}
	for _, l := range s.listeners.list() {
		l.handle(sig)
	}
}

// joinFields puts its length before each field.
func joinFields(fields ...string) []byte {
	var text []byte
	for _, f := range fields {
		text = binary.AppendUvarint(text, uint64(len(f)))
		text = append(text, f...)
	}
	return text
}

// splitFields is the inverse of joinFields; it returns nil for anything else.
func splitFields(text []byte) []string {
	var fields []string
	for len(text) > 0 {
		length, n := binary.Uvarint(text)
		if n <= 0 || length > uint64(len(text)-n) {
			return nil
		}
		end := n + int(length)
		fields = append(fields, string(text[n:end]))
		text = text[end:]
	}
	return fields
}
