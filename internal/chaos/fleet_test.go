//go:build unix

package chaos

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tandem-go/tandem/internal/pgtest"
	"github.com/tandem-go/tandem/internal/redistest"
)

const (
	root      = "../.."
	replicas  = 3
	patience  = 30 * time.Second // for what happens at once on a machine that is not busy
	lookAgain = 20 * time.Millisecond
)

// fleet is the replicas of one service, what they share, and what is before them.
type fleet struct {
	t        *testing.T
	program  string
	env      []string
	engine   *redistest.Server // nil where each replica has its own sessions
	db       *pgxpool.Pool
	replicas []*replica
	front    string // the balancer's URL
}

// replica is one process, again and again on the same address.
type replica struct {
	fleet   *fleet
	address string
	log     *os.File
	command *exec.Cmd
	exited  chan struct{}
}

// start runs the fleet until the test ends. Without shared state each replica has
// sessions of its own.
func start(t *testing.T, shared bool) *fleet {
	t.Helper()
	balancer := program(t, "haproxy")
	url := pgtest.Start(t).Database(t)
	f := &fleet{t: t, program: build(t), env: append(os.Environ(),
		"DATABASE_URL="+url, "DB_POOL_MAX=8", "RATE_LIMIT=off", "LOG_LEVEL=warn", "TRUSTED_PROXIES=127.0.0.1", "DRAIN_DELAY=1s")}
	if shared {
		f.engine = redistest.Start(t)
		f.env = append(f.env, "STATE_URL="+f.engine.URL(), "STATE_KEYS="+strings.Repeat("k", 32))
	}
	var err error
	if f.db, err = pgxpool.New(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.db.Close)
	for range replicas {
		r := &replica{fleet: f, address: free(t)}
		if r.log, err = os.Create(filepath.Join(t.TempDir(), "log")); err != nil {
			t.Fatal(err)
		}
		f.replicas = append(f.replicas, r)
		r.start()
		t.Cleanup(r.end)
	}
	f.balance(balancer)
	return f
}

// build compiles the service, with the go command's cache.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inventory")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./examples/inventory")
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// program finds a program, also where only administrators look.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, name := range []string{name, filepath.Join("/usr/sbin", name)} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("TANDEM_REQUIRE_SERVICES") == "1" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// start runs the process and returns when it is ready.
func (r *replica) start() {
	r.launch()
	r.awaitReady()
}

func (r *replica) launch() {
	r.command = exec.Command(r.fleet.program)
	r.command.Env = append(r.fleet.env, "ADDR="+r.address)
	r.command.Stdout, r.command.Stderr = r.log, r.log
	if err := r.command.Start(); err != nil {
		r.fleet.t.Errorf("a replica does not start: %v", err)
		return
	}
	exited, command := make(chan struct{}), r.command
	r.exited = exited
	go func() { defer close(exited); _ = command.Wait() }() // how it ended is in its log
}

func (r *replica) awaitReady() {
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(lookAgain) {
		response, err := client.Get("http://" + r.address + "/health")
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
	}
	r.fleet.t.Errorf("a replica is not ready in time:\n%s", r.said())
}

func (r *replica) signal(s syscall.Signal) { _ = r.command.Process.Signal(s) } // fails only if it has ended

// kill ends the process as a crash does.
func (r *replica) kill() {
	r.signal(syscall.SIGKILL)
	<-r.exited
}

// terminate asks the process to end, and waits until it has.
func (r *replica) terminate() {
	r.signal(syscall.SIGTERM)
	select {
	case <-r.exited:
	case <-time.After(patience):
		r.fleet.t.Errorf("a replica does not end:\n%s", r.said())
		r.kill()
	}
}

func (r *replica) end() {
	r.kill()
	if r.fleet.t.Failed() {
		r.fleet.t.Logf("a replica said:\n%s", r.said())
	}
	_ = r.log.Close() // nobody writes to it any more
}

// said returns the end of the replica's log.
func (r *replica) said() string {
	text, _ := os.ReadFile(r.log.Name())
	return string(text[max(0, len(text)-3000):])
}

// balance runs HAProxy with the shipped configuration before the replicas.
func (f *fleet) balance(program string) {
	text, err := os.ReadFile(filepath.Join(root, "deploy/haproxy/haproxy.cfg"))
	if err != nil {
		f.t.Fatal(err)
	}
	front := free(f.t)
	config := f.replace(string(text), "bind :80\n", "bind "+front+"\n")
	config = f.replace(config, "127.0.0.1:8001", f.replicas[0].address)
	const second = "    server replica2 127.0.0.1:8002 check inter 500ms fall 2 rise 1"
	var servers []string
	for i, r := range f.replicas[1:] {
		servers = append(servers, fmt.Sprintf("    server replica%d %s check inter 500ms fall 2 rise 1", i+2, r.address))
	}
	config = f.replace(config, second, strings.Join(servers, "\n"))
	path := filepath.Join(f.t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		f.t.Fatal(err)
	}
	command := exec.Command(program, "-db", "-f", path)
	if err := command.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() }) // it has no state
	f.front = "http://" + front
	f.awaitFront(front)
}

func (f *fleet) awaitFront(address string) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(lookAgain) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return
		}
	}
	f.t.Fatal("haproxy does not listen")
}

// replace fails where the shipped configuration has changed: it would not be tested.
func (f *fleet) replace(text, old, with string) string {
	f.t.Helper()
	if !strings.Contains(text, old) {
		f.t.Fatalf("the configuration has no %q", old)
	}
	return strings.ReplaceAll(text, old, with)
}

// free returns a loopback address that nothing listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
