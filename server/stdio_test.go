package server

import (
	"bytes"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/tandem-go/tandem"
)

// The same program serves MCP on stdin and stdout: nothing but messages is on
// stdout, the log is on stderr, nothing listens, and the resources have their
// lifecycle all the same.
func TestStdio(t *testing.T) {
	c := startChild(t, []string{"-stdio"}, "API_KEYS=", "ADDR=0.0.0.0:1", "LOG_LEVEL=debug")
	if _, err := io.WriteString(c.stdin, initialize+"\n"+
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n"+toolsCall(2, "via-stdio")+"\n"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the call is answered", func() bool { return strings.Contains(c.stdout.String(), `"id":2`) })
	if err := c.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if code := c.wait(t); code != 0 {
		t.Errorf("exit code %d:\n%s", code, c.stderr.String())
	}
	out := c.stdout.String()
	for _, want := range []string{"resource started", `"caller":"anonymous"`, "via-stdio", "resource stopped", "main returned"} {
		if !strings.Contains(out, want) {
			t.Errorf("stdout lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "level=") || strings.Contains(c.stderr.String(), "serving") {
		t.Errorf("stdout:\n%s\nstderr:\n%s", out, c.stderr.String())
	}
}

// A signal ends stdio although its client keeps the pipe open.
func TestStdioSignal(t *testing.T) {
	c := startChild(t, []string{"-stdio"})
	if _, err := io.WriteString(c.stdin, initialize+"\n"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it answers", func() bool { return strings.Contains(c.stdout.String(), `"id":1`) })
	c.signal(t, syscall.SIGTERM)
	if code := c.wait(t); code != 0 || !strings.Contains(c.stdout.String(), "resource stopped") {
		t.Errorf("exit code %d:\n%s%s", code, c.stdout.String(), c.stderr.String())
	}
}

// The flag -h lists every variable; other arguments are refused.
func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"-h"}, exitOK, []string{
			"-stdio", "ADDR", "PORT", "PUBLIC_URL", "BASE_PATH", "DOORS", "ALLOWED_ORIGINS", "TRUSTED_PROXIES", "RATE_LIMIT", "RATE_LIMITS", "TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CLIENT_CA_FILE",
			"API_KEYS", "API_KEYS_FILE", "AUTH_ISSUER", "AUTH_AUDIENCE", "AUTH_JWKS_URL", "AUTH_ALGORITHMS", "AUTH_SCOPE_CLAIMS", "AUTH_INTROSPECTION_URL", "AUTH_CLIENT_ID",
			"AUTH_CLIENT_SECRET", "AUTH_CLIENT_SECRET_FILE", "AUTH_SCOPES_SUPPORTED", "STATE_KEYS", "STATE_KEYS_FILE", "METRICS_ADDR", "LOG_LEVEL", "LOG_FORMAT", "SHUTDOWN_GRACE", "INSECURE_NO_AUTH", "HIDE_FORBIDDEN", "OTEL_",
		}},
		{[]string{"-h"}, exitOK, []string{"\n\nOf the inventory:\n  DATABASE_URL\n"}},
		{[]string{"-port", "1"}, exitUsage, []string{"-port"}},
		{[]string{"serve"}, exitUsage, []string{"takes no arguments"}},
	} {
		var stderr bytes.Buffer
		p := program{lookup: env(nil), stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr}
		usage := func(c *Config) { c.Usage = "Of the inventory:\n  DATABASE_URL" }
		if code := p.run(newService(t), append([]string{"inventory"}, c.args...), usage); code != c.code {
			t.Errorf("%v: exit code %d", c.args, code)
		}
		for _, want := range c.want {
			if !strings.Contains(stderr.String(), want) {
				t.Errorf("%v: stderr lacks %q:\n%s", c.args, want, &stderr)
			}
		}
	}
}

// Stdio without the MCP door is a mistake that is told.
func TestStdioNeedsMCP(t *testing.T) {
	var stderr bytes.Buffer
	p := program{lookup: env(map[string]string{"DOORS": "rest"}), stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr}
	if code := p.run(newService(t), []string{"inventory", "-stdio"}); code != exitError || !strings.Contains(stderr.String(), "DOORS") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
}

// What the environment says can be completed by the program.
func TestConfigure(t *testing.T) {
	p := program{lookup: env(map[string]string{"DOORS": "rest"}), stderr: io.Discard}
	s, err := p.configure(newService(t), false, []func(*Config){func(c *Config) {
		if c.Doors != tandem.REST {
			t.Errorf("the environment is not there yet: %+v", c)
		}
		c.RESTPrefix = "/v2"
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := ask(s, "GET", "/v2/status", ""); w.Code != 204 {
		t.Errorf("got %d", w.Code)
	}
}
