package redisstore

import (
	"context"
	"crypto/rand"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tandem-go/tandem/session"
)

// Store is one replica's handle on the sessions in an engine. Make it by [Open].
//
// A step heeds its context's deadline at any time, and its cancellation before it is
// sent to the engine; its reply is awaited for at most [Options.Timeout].
type Store struct {
	options Options
	secrets secrets
	address address
	client  redis.UniversalClient
	id      string // of this replica

	watches   watches
	listeners listeners
	peers     peers
	channel   channel

	closed     atomic.Bool
	life       context.Context // ends with Close
	end        context.CancelFunc
	background sync.WaitGroup
}

var _ session.Store = (*Store)(nil)

// Open connects to the engine and joins its replicas. The error of a URL that is wrong
// or of an engine that does not serve says what to do, and does not hold the
// password.
func Open(ctx context.Context, rawURL string, options Options) (*Store, error) {
	options, err := options.resolved()
	if err != nil {
		return nil, err
	}
	a, err := parseURL(rawURL)
	if err != nil {
		return nil, err
	}
	s := &Store{options: options, secrets: options.Secrets, address: a, id: rand.Text()}
	s.life, s.end = context.WithCancel(context.Background())
	routeDriverLog()
	s.client = a.client(&options)
	if err := s.start(ctx); err != nil {
		s.end()
		_ = s.client.Close() // nothing has been written
		return nil, err
	}
	return s, nil
}

// start checks the engine, subscribes, and starts what runs until Close.
func (s *Store) start(ctx context.Context) error {
	if err := s.checkEngine(ctx); err != nil {
		return err
	}
	sub, err := s.subscribe(ctx)
	if err != nil {
		return s.unavailable(ctx, err)
	}
	if err := s.join(ctx); err != nil {
		_ = sub.Close() // it only listened
		return err
	}
	s.background.Go(func() { s.receive(sub) })
	s.background.Go(s.beats)
	return nil
}

// Close implements [session.Store].
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.end()
	s.channel.disconnect()
	s.background.Wait()
	err := s.leave()
	s.watches.wakeAll()
	if closing := s.client.Close(); err == nil {
		err = closing
	}
	return err
}

// leave tells the others that this replica is no more. If it cannot, they find out.
func (s *Store) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.options.Timeout)
	defer cancel()
	return s.client.Set(ctx, s.replicaKey(s.id), "closed", 10*time.Minute).Err()
}

// enter refuses calls on a closed replica or for a caller that has gone.
func (s *Store) enter(ctx context.Context) error {
	if s.closed.Load() {
		return session.ErrClosed
	}
	return ctx.Err()
}

// sessionKey is the key of the session, in a slot of its own.
func (s *Store) sessionKey(id string) []string {
	return []string{s.options.Prefix + "{s:" + url.QueryEscape(id) + "}"}
}

// replicaKey says whether the replica lives; its channel has the same name.
func (s *Store) replicaKey(id string) string { return s.channelStart() + id + "}" }

// channelStart is a replica's channel up to its id.
func (s *Store) channelStart() string { return s.options.Prefix + "{r:" }

// registryKeys are the places and the principals that have them.
func (s *Store) registryKeys() []string {
	return []string{s.options.Prefix + "{registry}:places", s.options.Prefix + "{registry}:principals"}
}

// replicasKey is the set of replicas.
func (s *Store) replicasKey() string { return s.options.Prefix + "{registry}:replicas" }
