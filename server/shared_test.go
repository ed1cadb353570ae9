package server

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/pgtest"
	"github.com/tandem-go/tandem/internal/redistest"
	"github.com/tandem-go/tandem/mcp"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/pgstore"
	"github.com/tandem-go/tandem/session/redisstore"
)

var (
	stateKeys    = []tandem.Secret{"0123456789abcdef0123456789abcdef"}
	stateDrivers = []session.Driver{redisstore.Driver(), pgstore.Driver()}
)

// What is wrong with the shared state is said at the start, with what to do, and
// never with the URL's password.
func TestWrongState(t *testing.T) {
	store := session.NewMemory(session.MemoryConfig{})
	t.Cleanup(func() { _ = store.Close() })
	for name, test := range map[string]struct {
		cfg  Config
		want string
	}{
		"no URL":           {Config{StateURL: "hunter2"}, "it is no URL"},
		"memory with more": {Config{StateURL: "memory://hunter2"}, "memory: takes nothing"},
		"no keys":          {Config{StateURL: "redis://:hunter2@127.0.0.1:1/0", StateDrivers: stateDrivers}, "set STATE_KEYS"},
		"no driver": {
			Config{StateURL: "redis://:hunter2@127.0.0.1:1/0", StateKeys: stateKeys},
			"redisstore.Driver()",
		},
		"no driver for Postgres": {
			Config{StateURL: "postgres://me:hunter2@127.0.0.1:1/0", StateKeys: stateKeys, StateDrivers: stateDrivers[:1]},
			"import github.com/tandem-go/tandem/session/pgstore",
		},
		"an unknown engine": {
			Config{StateURL: "nats://:hunter2@127.0.0.1:1/0", StateKeys: stateKeys, StateDrivers: stateDrivers},
			"no driver for nats:",
		},
		"two stores": {
			Config{StateURL: "redis://:hunter2@127.0.0.1:1/0", StateKeys: stateKeys, StateDrivers: stateDrivers, MCP: mcp.Config{Sessions: store}},
			"Config.MCP.Sessions is set too",
		},
		"a wrong parameter": {
			Config{StateURL: "redis://:hunter2@127.0.0.1:1/0?who=me", StateKeys: stateKeys, StateDrivers: stateDrivers},
			"it must look like redis://",
		},
		"Redis is not there": {
			Config{StateURL: "redis://:hunter2@127.0.0.1:1/0", StateKeys: stateKeys, StateDrivers: stateDrivers},
			"is the engine running",
		},
		"Postgres is not there": {
			Config{StateURL: "postgres://me:hunter2@127.0.0.1:1/stock", StateKeys: stateKeys, StateDrivers: stateDrivers},
			"is the server running",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(newService(t), test.cfg)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want what has %q", err, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v shows the password", err)
			}
			if got, want := errors.Is(err, session.ErrUnavailable), strings.HasSuffix(name, "is not there"); got != want {
				t.Errorf("an outage: %v, want %v", got, want)
			}
		})
	}
}

// A program whose engine is down ends with another code than one that is
// configured wrongly: the next start may succeed.
func TestStateExitCodes(t *testing.T) {
	for url, want := range map[string]int{
		"redis://127.0.0.1:1/0":  exitError,
		"redis://127.0.0.1:x/0":  exitUsage,
		"kafka://127.0.0.1:1/":   exitUsage,
		"postgres://127.0.0.1:1": exitError,
	} {
		p := program{lookup: env(map[string]string{"STATE_URL": url, "STATE_KEYS": stateKeys[0].Reveal()}), stdout: io.Discard, stderr: io.Discard}
		code := p.run(newService(t), []string{"svc"}, func(c *Config) { c.StateDrivers = stateDrivers })
		if code != want {
			t.Errorf("%s: exit code %d, want %d", url, code, want)
		}
	}
}

// engines are where replicas meet in tests.
var engines = map[string]func(testing.TB) string{
	"redis":    func(tb testing.TB) string { return redistest.Start(tb).URL() },
	"postgres": func(tb testing.TB) string { return pgtest.Start(tb).Database(tb) },
}

// onEngines runs the test on each kind of engine.
func onEngines(t *testing.T, test func(t *testing.T, url string)) {
	for name, start := range engines {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

// replica is a server that shares its state by the URL, until t ends.
func replica(t *testing.T, url string, cfg Config) *Server {
	t.Helper()
	cfg.StateURL, cfg.StateKeys, cfg.StateDrivers = tandem.Secret(url), stateKeys, stateDrivers
	return newServer(t, newService(t), cfg)
}

// A session is everywhere: what one replica opened another serves.
func TestSharedSession(t *testing.T) {
	onEngines(t, func(t *testing.T, url string) {
		a, b := replica(t, url, Config{}), replica(t, url, Config{})
		accept := []string{"Accept", "application/json, text/event-stream"}
		opened := ask(a, "POST", "/mcp", initialize, accept...)
		id := opened.Header().Get("Mcp-Session-Id")
		if opened.Code != 200 || id == "" {
			t.Fatalf("initialize: %d %s", opened.Code, opened.Body)
		}
		const call = `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"from afar"}}}`
		w := ask(b, "POST", "/mcp", call, append(accept, "Mcp-Session-Id", id, "Mcp-Protocol-Version", "2025-11-25")...)
		if w.Code != 200 || !strings.Contains(w.Body.String(), "from afar") {
			t.Errorf("the other replica answers %d %s", w.Code, w.Body)
		}
	})
}
