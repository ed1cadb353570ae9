package clienttest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	tandem "github.com/tandem-go/tandem"
)

// patience is how long a client may take for everything it does.
const patience = time.Minute

// served is the inventory service on a loopback port.
type served struct {
	url     string
	service *tandem.Service
	wire    *wiretap
	ended   chan string // codes of calls of the long operation, "" for success
}

// serve starts the service and stops it when t ends.
func serve(t *testing.T) *served {
	t.Helper()
	s := &served{wire: &wiretap{}, ended: make(chan string, 16)}
	s.service = inventory(t)
	s.service.Observe(s.watch)
	s.wire.next = handler(t, s.service)
	server := httptest.NewServer(s.wire)
	t.Cleanup(server.CloseClientConnections) // before Close, which waits for streams
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// watch reports the ends of long calls.
func (s *served) watch(next tandem.Invoker) tandem.Invoker {
	return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
		result, err := next(ctx, call)
		if call.Operation.Name == longCall.Name {
			s.ended <- codeOf(err)
		}
		return result, err
	}
}

// endOf waits for the end of a long call and returns its code.
func (s *served) endOf(t *testing.T, name string) string {
	t.Helper()
	select {
	case code := <-s.ended:
		return code
	case <-time.After(patience):
		t.Errorf("no call of %s has ended in the service", name)
		return "not ended"
	}
}

// toolNames returns the names of the registered operations.
func (s *served) toolNames() []string {
	var names []string
	for _, operation := range s.service.Operations() {
		names = append(names, operation.Name)
	}
	return names
}

// rest returns a function that makes a call over REST, where goodCall and
// badCall are POSTs of their arguments, and returns the answer's document.
func (s *served) rest(t *testing.T, status int) func(call) any {
	t.Helper()
	return func(c call) any {
		t.Helper()
		operation, ok := s.service.Operation(c.Name)
		if !ok {
			t.Fatalf("no operation %s", c.Name)
		}
		body, err := json.Marshal(c.Arguments)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.Post(s.url+"/api/v1"+operation.Path, "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		document, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != status {
			t.Fatalf("REST: %s, want %d: %s (%v)", response.Status, status, document, err)
		}
		return decode(t, document)
	}
}
