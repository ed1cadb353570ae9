package server

import (
	"context"
	"testing"

	"github.com/tandem-go/tandem"
)

// One caller does not take all the room: beyond its share it gets 429 through
// both doors, others are served, and so is it once one of its requests ends.
func TestMaxInFlightPerCaller(t *testing.T) {
	const other = "other-key-0123456789"
	svc := newService(t)
	inside, release := make(chan struct{}), make(chan struct{})
	tandem.Register(svc, tandem.Operation{Name: "wait", Summary: "Wait", Path: "/wait"}, func(context.Context, none) (none, error) {
		close(inside)
		<-release
		return none{}, nil
	})
	s := newServer(t, svc, Config{MaxInFlightPerCaller: 1, APIKeys: []tandem.Secret{testKey, other}})
	as := func(key string, headers ...string) []string {
		return append([]string{"Authorization", "Bearer " + key}, headers...)
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		ask(s, "POST", "/api/v1/wait", "", as(testKey)...)
	}()
	<-inside
	for _, q := range doorRequests {
		w := ask(s, q.method, q.path, q.body, as(testKey, q.headers...)...)
		if w.Code != 429 || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d", q.name, w.Code)
		}
	}
	if w := ask(s, "POST", "/mcp", callEcho, as(other, modern...)...); w.Code != 200 {
		t.Errorf("another principal: %d", w.Code)
	}
	if w := ask(s, "GET", "/health/mcp", ""); w.Code != 200 {
		t.Errorf("the self-check: %d %s", w.Code, w.Body)
	}
	close(release)
	<-left
	if w := ask(s, "POST", "/mcp", callEcho, as(testKey, modern...)...); w.Code != 200 {
		t.Errorf("afterwards: %d", w.Code)
	}
	if len(s.shares.taken) != 0 {
		t.Errorf("callers are remembered: %v", s.shares.taken)
	}
}
