package clienttest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/service"
	"github.com/tandem-go/tandem/server"
)

// patience is how long a client may take for everything it does.
const patience = time.Minute

// served is the inventory service on a loopback port.
type served struct {
	url     string
	service *tandem.Service
	wire    *wiretap
	ended   chan tandem.Code // how long calls ended; zero for success
}

// serve starts the service and stops it when t ends.
func serve(t *testing.T) *served {
	t.Helper()
	svc, err := service.New(service.Config{DatabaseURL: "sqlite::memory:"})
	if err != nil {
		t.Fatal(err)
	}
	s := &served{service: svc, ended: make(chan tandem.Code, 16)}
	svc.Observe(s.watch)
	srv, err := server.New(svc, server.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.wire = &wiretap{next: srv.Handler()}
	listener := httptest.NewServer(s.wire)
	t.Cleanup(func() {
		listener.CloseClientConnections() // Close waits for open streams
		listener.Close()
		if err := srv.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	s.url = listener.URL
	return s
}

// watch reports how long calls end.
func (s *served) watch(next tandem.Invoker) tandem.Invoker {
	return func(ctx context.Context, c *tandem.Call) (tandem.Result, error) {
		result, err := next(ctx, c)
		if c.Operation.Name == longCall.Name {
			s.ended <- tandem.CodeOf(err)
		}
		return result, err
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

// rest makes a call over REST, as a POST of its arguments, and returns the
// document that answers it, with this status.
func (s *served) rest(t *testing.T, c call, status int) any {
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

// buildInventory builds the service's program.
func buildInventory(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "inventory")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/tandem-go/tandem/examples/inventory")
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		t.Fatalf("build: %v", err)
	}
	return program
}
