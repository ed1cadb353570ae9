package redisstore

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// What the messages on a replica's channel begin with.
const (
	wakeMark   = 'w' // there may be news in a stream
	endMark    = 'e' // a session has ended
	signalMark = 's'
)

// quiet is how long a subscription may be silent before it is tested.
const quiet = time.Second

func wakeMessage(session, stream string) string {
	return string(wakeMark) + strconv.Itoa(len(session)) + ":" + session + stream
}

func endMessage(session string) string { return string(endMark) + session }

// channel is this replica's subscription.
type channel struct {
	mu  sync.Mutex
	sub *redis.PubSub // the newest one
}

// hold makes sub the one to disconnect.
func (c *channel) hold(sub *redis.PubSub) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sub = sub
}

// disconnect breaks the subscription, which is then made anew unless the store
// is closed.
func (c *channel) disconnect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sub != nil {
		_ = c.sub.Close() // a connection to be given up
	}
}

// subscribe returns once the engine has confirmed the subscription.
func (s *Store) subscribe(ctx context.Context) (*redis.PubSub, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	sub := s.client.Subscribe(ctx, s.replicaKey(s.id))
	if _, err := sub.ReceiveTimeout(ctx, s.options.Timeout); err != nil {
		_ = sub.Close() // it never was
		return nil, err
	}
	s.channel.hold(sub)
	return sub, nil
}

// receive hands on what comes through the channel, over one subscription after
// the other, until Close.
func (s *Store) receive(sub *redis.PubSub) {
	for s.life.Err() == nil {
		err := s.follow(sub)
		_ = sub.Close() // broken
		if s.life.Err() != nil {
			return
		}
		s.options.Logger.Warn("redisstore: the subscription broke, and is made anew", "error", err)
		if sub = s.resubscribe(); sub == nil {
			return
		}
		s.restored()
	}
	_ = sub.Close()
}

// follow returns when the subscription breaks.
func (s *Store) follow(sub *redis.PubSub) error {
	tested := false
	for {
		m, err := sub.ReceiveTimeout(s.life, quiet)
		var timeout net.Error
		switch {
		case err == nil:
			tested = false
		case !errors.As(err, &timeout) || !timeout.Timeout() || tested:
			return err
		default:
			if err := sub.Ping(s.life); err != nil {
				return err
			}
			tested = true
		}
		if m, ok := m.(*redis.Message); ok {
			s.deliver(m.Payload)
		}
	}
}

// resubscribe returns nil when the store is closed.
func (s *Store) resubscribe() *redis.PubSub {
	pause := time.Duration(0)
	for {
		select {
		case <-s.life.Done():
			return nil
		case <-time.After(pause):
		}
		sub, err := s.subscribe(s.life)
		if err == nil {
			return sub
		}
		pause = min(2*pause+5*time.Millisecond, 100*time.Millisecond)
	}
}

// restored makes good what a broken subscription may have missed.
func (s *Store) restored() {
	s.peers.forgive()
	_, _ = s.renew(s.life) // so that others see at once that it lives; else by the next beat
	s.watches.distrust()
	s.watches.wakeAll()
}

func (s *Store) deliver(message string) {
	if message == "" {
		return
	}
	switch body := message[1:]; message[0] {
	case wakeMark:
		length, names, _ := strings.Cut(body, ":")
		n, err := strconv.Atoi(length)
		if err == nil && n >= 0 && n <= len(names) {
			s.watches.wake(names[:n], names[n:])
		}
	case endMark:
		s.watches.wakeSession(body)
	case signalMark:
		s.hear(body)
	}
}
