package securitytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/server"
)

// patience is how long anything may take that must happen.
const patience = 20 * time.Second

// world is a service with a server that listens.
type world struct {
	testing testing.TB
	url     string
	service *tandem.Service
	server  *server.Server
	client  *http.Client
	journal *journal
	ledger  *ledger
	people  *people
}

// newWorld serves the service, whose callers are people by default, and stops it
// when t ends.
func newWorld(t testing.TB, configure ...func(*server.Config)) *world {
	t.Helper()
	w := &world{testing: t, journal: &journal{}, ledger: newLedger(), people: newPeople()}
	logger := slog.New(slog.NewTextHandler(w.journal, nil))
	w.service = newService(w.ledger, logger)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.url = "http://" + listener.Addr().String()
	cfg := server.Config{Listener: listener, Logger: logger, Verifier: w.people, DrainDelay: time.Millisecond, ShutdownGrace: 10 * time.Second}
	for _, f := range configure {
		f(&cfg)
	}
	if w.server, err = server.New(w.service, cfg); err != nil {
		t.Fatal(errors.Join(err, listener.Close()))
	}
	w.run()
	return w
}

func (w *world) run() {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.server.Run(ctx) }()
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 32}
	w.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w.testing.Cleanup(func() {
		w.ledger.finish()
		transport.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			w.testing.Errorf("the server ended: %v", err)
		}
	})
}

// address returns the host and port of the server.
func (w *world) address() string { return strings.TrimPrefix(w.url, "http://") }

// entry is one run of a handler.
type entry struct{ operation, subject, argument string }

// ledger is what handlers ran, by which a test knows that nothing did.
type ledger struct {
	over   chan struct{} // closed when the test ends, and with it whatever still runs
	finish func()        // closes over

	mu      sync.Mutex
	entries []entry
}

func newLedger() *ledger {
	over := make(chan struct{})
	return &ledger{over: over, finish: sync.OnceFunc(func() { close(over) })}
}

func (l *ledger) note(ctx context.Context, operation, argument string) {
	subject := ""
	if p := tandem.PrincipalFrom(ctx); p != nil {
		subject = p.Subject
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, entry{operation, subject, argument})
}

func (l *ledger) all() []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}

// count returns how many handlers ran for this subject.
func (l *ledger) count(subject string) int {
	n := 0
	for _, e := range l.all() {
		if e.subject == subject {
			n++
		}
	}
	return n
}

// journal is what the service logs.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// people is a verifier of known tokens, which can be taken away.
type people struct {
	mu    sync.Mutex
	known map[string]*tandem.Principal
}

func newPeople() *people { return &people{known: map[string]*tandem.Principal{}} }

// add makes a token of this person good, with these scopes.
func (v *people) add(token, subject string, scopes ...string) credentials {
	return v.put(token, &tandem.Principal{Issuer: "people", Subject: subject, Scopes: scopes})
}

func (v *people) put(token string, p *tandem.Principal) credentials {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known[token] = p
	return bearer(token)
}

func (v *people) revoke(token string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.known, token)
}

// Verify implements [auth.Verifier].
func (v *people) Verify(_ context.Context, token string) (*tandem.Principal, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p, ok := v.known[token]
	switch {
	case !ok:
		return nil, errors.New("a stranger's token")
	case !p.Expires.IsZero() && !time.Now().Before(p.Expires):
		return nil, errors.New("the token has expired")
	}
	return p, nil
}

// eventually waits until the condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("it did not come to pass: %s", what)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("a test's own mistake: %v", err))
	}
	return value
}
