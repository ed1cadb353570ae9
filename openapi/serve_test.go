package openapi_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/server"
)

// serve serves a service until the test ends, and returns its URL.
func serve(t testing.TB, svc *tandem.Service, cfg server.Config) string {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	svc.Logger = cfg.Logger
	s, err := server.New(svc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return front.URL
}

// outcomes records with which code each call of an operation ended.
type outcomes struct {
	mu    sync.Mutex
	codes map[string][]tandem.Code
}

func (o *outcomes) watch(next tandem.Invoker) tandem.Invoker {
	return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
		result, err := next(ctx, call)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.codes[call.Operation.Name] = append(o.codes[call.Operation.Name], tandem.CodeOf(err))
		return result, err
	}
}

// of returns the codes so far; zero is success.
func (o *outcomes) of(operation string) []tandem.Code {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]tandem.Code(nil), o.codes[operation]...)
}
