package redisstore_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem/internal/redistest"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/redisstore"
)

// What is wrong with a URL or the engine is said at start, with what to do, and
// without the password.
func TestOpenRefuses(t *testing.T) {
	server := redistest.Start(t)
	gone := redistest.Start(t)
	gone.Stop(t)
	at := server.Addr()
	for name, c := range map[string]struct{ url, says string }{
		"no URL":            {"", "must look like redis://"},
		"another scheme":    {"http://u:hunter2@" + at, "must look like redis://"},
		"a port that is no": {"redis://u:hunter2@localhost:http", "must look like redis://"},
		"a database":        {"redis://u:hunter2@" + at + "/x", "must look like redis://"},
		"a parameter":       {"redis://u:hunter2@" + at + "/?timeout=3", "a parameter other than cluster"},
		"cluster":           {"redis://u:hunter2@" + at + "/?cluster=yes", "cluster is neither"},
		"cluster database":  {"redis://u:hunter2@" + at + "," + at + "/3", "database 0"},
		"password":          {"redis://:hunter2@" + at, "give the user and the password"},
		"no password":       {"redis://" + at, "give the user and the password"},
		"nobody there":      {"redis://u:hunter2@" + gone.Addr(), "is the engine running"},
		"not a cluster":     {server.URL() + "?cluster=true", "cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			o := options()
			o.Timeout = time.Second
			s, err := redisstore.Open(t.Context(), c.url, o)
			if err == nil {
				t.Fatal("it was opened", s.Close())
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v: it does not say %q", err, c.says)
			}
			if text := err.Error(); strings.Contains(text, "hunter2") || strings.Contains(text, server.Password()) {
				t.Errorf("%s: the password is told", text)
			}
			if took := time.Since(began); took > patience {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// A node of a cluster that is named as a single server is refused, and its
// documentation's way of naming it works.
func TestOpenCluster(t *testing.T) {
	c := redistest.StartCluster(t)
	if _, err := redisstore.Open(t.Context(), c.Nodes[0].URL(), options()); err == nil || !strings.Contains(err.Error(), "add ?cluster=true") {
		t.Errorf("a node alone: %v", err)
	}
	create(t, open(t, c.Nodes[1].URL()+"?cluster=true", options()))
}

// Options that would be unsafe are refused by name.
func TestOptions(t *testing.T) {
	for name, spoil := range map[string]func(*redisstore.Options){
		"Secrets is empty": func(o *redisstore.Options) { o.Secrets = nil },
		"fewer than 16":    func(o *redisstore.Options) { o.Secrets = [][]byte{secret, []byte("short")} },
		"Prefix":           func(o *redisstore.Options) { o.Prefix = "{tandem}" },
		"AliveFor":         func(o *redisstore.Options) { o.AliveFor = -1 },
		"KeepFor":          func(o *redisstore.Options) { o.Limits.KeepFor = -1 },
	} {
		o := options()
		spoil(&o)
		if _, err := redisstore.Open(t.Context(), "redis://localhost", o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: it does not say %q", err, name)
		}
	}
}

// An engine that would lose sessions is warned of.
func TestOpenWarns(t *testing.T) {
	server := redistest.Start(t, "--appendonly", "no", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
	var log bytes.Buffer
	o := options()
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	open(t, server.URL(), o)
	for _, says := range []string{"maxmemory-policy noeviction", "appendonly yes"} {
		if !strings.Contains(log.String(), says) {
			t.Errorf("no warning says %q:\n%s", says, log.String())
		}
	}
}

// The rights that the package's documentation asks for suffice, alone and in a cluster.
func TestRights(t *testing.T) {
	rights := []string{"ACL", "SETUSER", "tandem", "on", ">secret", "~tandem:*", "&tandem:*", "+@all", "-@admin", "-@dangerous", "+info"}
	cluster := redistest.StartCluster(t)
	alone := redistest.Start(t)
	for _, node := range append(cluster.Nodes, alone) {
		node.CLI(t, rights...)
	}
	for name, url := range map[string]string{
		"alone":   "redis://tandem:secret@" + alone.Addr(),
		"cluster": "redis://tandem:secret@" + cluster.Nodes[0].Addr() + "/?cluster=true",
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.Prefix = "tandem:"
			s := open(t, url, o)
			for name, err := range steps(t.Context(), s, create(t, s)) {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			o.Prefix = "other:"
			if _, err := redisstore.Open(t.Context(), url, o); !errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), "must be allowed") {
				t.Errorf("keys that the user may not use: %v", err)
			}
		})
	}
}
