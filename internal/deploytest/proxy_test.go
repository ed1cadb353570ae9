package deploytest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// proxy is one program that the folder deploy has a configuration for.
type proxy struct {
	name    string
	program string
	config  string // below deploy
	listen  string // how the configuration says where it listens
	command func(program, config, dir string) *exec.Cmd
}

var proxies = []proxy{
	{
		name: "nginx", program: "nginx", config: "nginx/nginx.conf", listen: "listen 80 reuseport;",
		command: func(program, config, dir string) *exec.Cmd {
			return exec.Command(program, "-p", dir, "-c", config, "-e", "stderr", "-g", "daemon off; pid "+dir+"/nginx.pid;")
		},
	},
	{
		name: "haproxy", program: "haproxy", config: "haproxy/haproxy.cfg", listen: "bind :80\n",
		command: func(program, config, _ string) *exec.Cmd { return exec.Command(program, "-db", "-f", config) },
	},
	{
		name: "caddy", program: "caddy", config: "caddy/Caddyfile", listen: "\n:80 {",
		command: func(program, config, dir string) *exec.Cmd {
			c := exec.Command(program, "run", "--adapter", "caddyfile", "--config", config)
			c.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
			return c
		},
	},
}

// The addresses that the shipped configurations have for the replicas.
var shipped = []string{"127.0.0.1:8001", "127.0.0.1:8002"}

// find returns the program's path: on PATH, or among the project's tools.
func (p proxy) find(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath(p.program); err == nil {
		return path
	}
	for _, folder := range []string{"/usr/sbin", filepath.Join(root, ".tools")} {
		if path, err := filepath.Abs(filepath.Join(folder, p.program)); err == nil && isProgram(path) {
			return path
		}
	}
	if os.Getenv("TANDEM_REQUIRE_SERVICES") == "1" {
		t.Fatalf("%s is not installed", p.program)
	}
	t.Skipf("%s is not installed", p.program)
	return ""
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&0o111 != 0
}

// root is the module's folder.
const root = "../.."

// read returns a file of the folder deploy.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "deploy", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// start runs the proxy before these replicas, with the shipped configuration after
// change, and returns its address.
func (p proxy) start(t *testing.T, replicas []string, change func(config string) string) string {
	t.Helper()
	program := p.find(t)
	config := read(t, p.config)
	for i, address := range shipped {
		config = replace(t, config, address, replicas[i%len(replicas)])
	}
	listen := free(t)
	_, port, _ := net.SplitHostPort(listen)
	at := strings.NewReplacer(":80", ":"+port, " 80", " 127.0.0.1:"+port).Replace(p.listen)
	config = change(replace(t, config, p.listen, at))
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	if p.name == "caddy" {
		config = "{\n\tadmin off\n}\n" + config
	}
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, p.command(program, path, dir), listen)
	return listen
}

func unchanged(config string) string { return config }

// replace fails if there is nothing to replace: the test would not test what is shipped.
func replace(t *testing.T, text, old, with string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("the configuration has no %q", old)
	}
	return strings.ReplaceAll(text, old, with)
}

// run runs a program until the test ends, and returns when it accepts connections.
func run(t *testing.T, command *exec.Cmd, address string) {
	t.Helper()
	var output output
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { defer close(exited); _ = command.Wait() }() // how it ended shows in its output
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM) // fails only if it has ended
		select {
		case <-exited:
		case <-time.After(10 * time.Second):
			_ = command.Process.Kill()
			<-exited
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", command.Path, output.String())
		}
	})
	for range 600 {
		select {
		case <-exited:
			t.Fatalf("%s ended:\n%s", command.Path, output.String())
		case <-time.After(50 * time.Millisecond):
		}
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return
		}
	}
	t.Fatalf("%s does not listen:\n%s", command.Path, output.String())
}

// output is a buffer that a process writes to while a test reads it.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// free returns a loopback address that nothing listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr())
}
