package redisstore

import (
	"context"
	"crypto/sha1"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tandem-go/tandem/session"
)

//go:embed lua
var sources embed.FS

// script is a step that the engine runs as one.
type script struct {
	source, sum string

	// once says that it must not be repeated by the driver, since a repetition
	// has an effect of its own.
	once bool
}

func read(name string) string {
	text, err := sources.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err) // it is embedded
	}
	return string(text)
}

func newScript(source string) script {
	sum := sha1.Sum([]byte(source)) // the name by which the engine knows it
	return script{source: source, sum: hex.EncodeToString(sum[:])}
}

func onSession(name string) script { return newScript(read("prelude") + read(name)) }
func onOther(name string) script   { return newScript(read(name)) }

func (s script) onlyOnce() script {
	s.once = true
	return s
}

var (
	createScript  = onSession("create")
	updateScript  = onSession("update")
	touchScript   = onSession("touch")
	deleteScript  = onSession("delete").onlyOnce() // repeated, it would not find the session
	sweepScript   = onSession("sweep").onlyOnce()
	beginScript   = onSession("begin")
	answerScript  = onSession("append")            // a final Append
	appendScript  = onSession("append").onlyOnce() // any other would be written twice
	takeScript    = onSession("take")
	callsScript   = onSession("calls")
	runnerScript  = onSession("runner")
	readScript    = onSession("read")
	watchScript   = onSession("watch")
	unwatchScript = onSession("unwatch")

	reserveScript = onOther("reserve")
	releaseScript = onOther("release")
	placesScript  = onOther("places")
	spendScript   = onOther("spend").onlyOnce() // repeated, it would take twice as many
	beatScript    = onOther("beat")
	lookScript    = onOther("look")
	tellScript    = lookScript.onlyOnce() // with a message
)

// repetitions are the pauses before a step is repeated: for connections that the
// engine closed when it restarted, not for outages.
var repetitions = [...]time.Duration{5 * time.Millisecond, 50 * time.Millisecond}

// eval runs the script. The reply's first element is its status.
func (s *Store) eval(ctx context.Context, sc *script, keys []string, args ...any) (r reply, err error) {
	err = s.step(ctx, !sc.once, func(ctx context.Context) error {
		r, err = s.send(ctx, "evalsha", sc.sum, keys, args)
		if redis.HasErrorPrefix(err, "NOSCRIPT") {
			r, err = s.send(ctx, "eval", sc.source, keys, args)
		}
		return err
	})
	return r, err
}

// step does something on the engine, within Options.Timeout in all, and says what
// the contract calls its failure.
func (s *Store) step(ctx context.Context, repeatable bool, do func(context.Context) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	err := do(bounded)
	for i := 0; err != nil && repeatable && i < len(repetitions); i++ {
		select {
		case <-time.After(repetitions[i]):
		case <-bounded.Done():
			return s.unavailable(ctx, err)
		}
		err = do(bounded)
	}
	if err != nil {
		return s.unavailable(ctx, err)
	}
	return nil
}

// unrepeated is a command that the cluster's client sends once.
type unrepeated struct{ *redis.Cmd }

func (unrepeated) NoRetry() bool { return true }

func (s *Store) send(ctx context.Context, name, script string, keys []string, args []any) (reply, error) {
	cmd := redis.NewCmd(ctx, command(name, script, keys, args)...)
	if err := s.client.Process(ctx, unrepeated{cmd}); err != nil {
		return nil, err
	}
	return replyOf(cmd)
}

func command(name, script string, keys []string, args []any) []any {
	all := make([]any, 0, 3+len(keys)+len(args))
	all = append(all, name, script, len(keys))
	for _, k := range keys {
		all = append(all, k)
	}
	return append(all, args...)
}

func replyOf(cmd *redis.Cmd) (reply, error) {
	if err := cmd.Err(); err != nil {
		return nil, err
	}
	r, ok := cmd.Val().([]any)
	if !ok || len(r) == 0 {
		return nil, fmt.Errorf("a script replied with %T", cmd.Val())
	}
	return r, nil
}

// unavailable is what the contract calls the engine's failure.
func (s *Store) unavailable(ctx context.Context, err error) error {
	switch {
	case s.closed.Load():
		return session.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("%w: %s: %w", session.ErrUnavailable, s.address.shown, advised(err))
}

// advised says what to do, where that is known.
func advised(err error) error {
	text := err.Error()
	var dialled *net.OpError
	switch {
	case errors.As(err, &dialled) && dialled.Op == "dial":
		return fmt.Errorf("%w (is the engine running, and is this its host and port?)", err)
	case strings.HasPrefix(text, "NOAUTH"), strings.HasPrefix(text, "WRONGPASS"):
		return fmt.Errorf("%w (give the user and the password in the URL)", err)
	case strings.HasPrefix(text, "NOPERM"):
		return fmt.Errorf("%w (the package's documentation says what the user must be allowed)", err)
	case strings.HasPrefix(text, "OOM"):
		return fmt.Errorf("%w (the engine is full: raise maxmemory, or lower the limits of sessions)", err)
	}
	return err
}

// reply is what a script returned.
type reply []any

func (r reply) status() string { return r.text(0) }

// text returns "" for what is missing.
func (r reply) text(i int) string {
	if i >= len(r) {
		return ""
	}
	s, _ := r[i].(string)
	return s
}

func (r reply) number(i int) uint64 {
	if i >= len(r) {
		return 0
	}
	n, _ := r[i].(int64)
	return uint64(n)
}

// failure is the contract's error for the status, or nil.
func (r reply) failure() error {
	switch r.status() {
	case "not found":
		return session.ErrNotFound
	case "exists":
		return session.ErrExists
	case "too many":
		return session.ErrTooMany
	case "full":
		return session.ErrFull
	case "reused":
		return session.ErrReused
	case "fenced":
		return session.ErrFenced
	case "trimmed":
		return session.ErrTrimmed
	}
	return nil
}
