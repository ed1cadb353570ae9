package deploytest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
)

// patience is how long a busy machine may take for what happens at once.
const patience = 30 * time.Second

// client is one that speaks to the proxy at an address.
type client struct {
	t    *testing.T
	base string
}

func (c client) do(ctx context.Context, method, path, body string, header ...string) *http.Response {
	c.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Host = "localhost"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	c.t.Cleanup(func() { _ = response.Body.Close() }) // it may be closed already
	return response
}

// call makes a call and returns its whole answer.
func (c client) call(method, path, body string, header ...string) (int, string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	response := c.do(ctx, method, path, body, header...)
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return response.StatusCode, string(answer)
}

// stream opens a stream and returns its lines as they come, without the empty ones.
func (c client) stream(method, path, body string, header ...string) (http.Header, <-chan string) {
	c.t.Helper()
	response := c.do(c.t.Context(), method, path, body, header...)
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		answer, _ := io.ReadAll(response.Body)
		c.t.Fatalf("%s %s: %s %s", method, path, response.Status, answer)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		scan := bufio.NewScanner(response.Body)
		scan.Buffer(nil, 16<<20)
		for scan.Scan() {
			if scan.Text() != "" {
				lines <- scan.Text()
			}
		}
	}()
	return response.Header, lines
}

// await returns the first line with the text, while the stream is open.
func (c client) await(lines <-chan string, text string) string {
	c.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				c.t.Fatalf("the stream ended without %q", text)
			}
			if strings.Contains(line, text) {
				return line
			}
		case <-deadline:
			c.t.Fatalf("%q did not come while the stream was open", text)
		}
	}
}

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"deploytest","version":"1"}}}`

// Each shipped configuration passes calls, streams and big answers as they are.
func TestProxies(t *testing.T) {
	for _, p := range proxies {
		t.Run(p.name, func(t *testing.T) {
			r := startReplica(t, tandem.REST|tandem.MCP)
			c := client{t, "http://" + p.start(t, []string{r.address}, unchanged)}
			t.Run("REST", func(t *testing.T) { c := client{t, c.base}; c.rest(r) })
			t.Run("big answers", func(t *testing.T) { c := client{t, c.base}; c.big() })
			t.Run("2026-07-28", func(t *testing.T) { c := client{t, c.base}; c.modern(r) })
			t.Run("Streamable HTTP", func(t *testing.T) { c := client{t, c.base}; c.streamable(r) })
			t.Run("HTTP+SSE", func(t *testing.T) { c := client{t, c.base}; c.sse() })
			t.Run("forged client", func(t *testing.T) { c := client{t, c.base}; c.forged(r) })
		})
	}
}

func (c client) rest(r *replica) {
	if status, answer := c.call("POST", "/api/v1/echo", `{"text":"hello"}`); status != 200 || answer != `{"text":"hello"}` {
		c.t.Errorf("%d %s", status, answer)
	}
	_, lines := c.stream("POST", "/api/v1/slow", `{}`, "Accept", "text/event-stream")
	c.await(lines, "under way") // the call has not ended
	r.release <- struct{}{}
	c.await(lines, "done")
}

func (c client) big() {
	const size = 3 << 20
	if status, answer := c.call("GET", fmt.Sprintf("/api/v1/big?size=%d", size), ""); status != 200 || len(answer) < size {
		c.t.Errorf("REST: %d, %d bytes", status, len(answer))
	}
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"big","arguments":{"size":%d},%s}}`, size, modernMeta)
	status, answer := c.call("POST", "/mcp", body, modernHeader("big")...)
	if status != 200 || len(answer) < 2*size || !strings.Contains(answer, `/serverInfo"`) {
		c.t.Errorf("MCP: %d, %d bytes", status, len(answer))
	}
}

const modernMeta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

func modernHeader(tool string) []string {
	return []string{"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", tool}
}

func (c client) modern(r *replica) {
	meta := strings.Replace(modernMeta, `{"io`, `{"progressToken":"p","io`, 1)
	_, lines := c.stream("POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow","arguments":{},`+meta+`}}`, modernHeader("slow")...)
	c.await(lines, "under way")
	r.release <- struct{}{}
	c.await(lines, "done")
}

func (c client) streamable(r *replica) {
	response := c.do(c.t.Context(), "POST", "/mcp", initialize)
	id := response.Header.Get("Mcp-Session-Id")
	if _, err := io.Copy(io.Discard, response.Body); err != nil || id == "" {
		c.t.Fatalf("initialize: session %q, %v", id, err)
	}
	header := []string{"Mcp-Session-Id", id, "Mcp-Protocol-Version", "2025-11-25"}
	_, standing := c.stream("GET", "/mcp", "", append(header, "Accept", "text/event-stream")...)
	c.beats(standing)
	_, lines := c.stream("POST", "/mcp", `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"slow","arguments":{},"_meta":{"progressToken":"p"}}}`, header...)
	c.await(lines, "under way")
	r.release <- struct{}{}
	c.await(lines, "done")
}

// beats awaits three heartbeats of a stream that has nothing else to say.
func (c client) beats(lines <-chan string) {
	c.t.Helper()
	for range 3 {
		c.await(lines, ":")
	}
}

func (c client) sse() {
	_, lines := c.stream("GET", "/mcp/sse", "", "Accept", "text/event-stream")
	messages := strings.TrimPrefix(c.await(lines, "data: /mcp/messages"), "data: ")
	c.beats(lines)
	if status, answer := c.call("POST", messages, initialize); status != http.StatusAccepted {
		c.t.Fatalf("initialize: %d %s", status, answer)
	}
	c.await(lines, `"protocolVersion"`)
	if status, answer := c.call("POST", messages, `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"over SSE"}}}`); status != http.StatusAccepted {
		c.t.Fatalf("tools/call: %d %s", status, answer)
	}
	c.await(lines, "over SSE")
}

// forged sees to it that the proxy does not pass on whom a client claims to be.
func (c client) forged(r *replica) {
	c.call("POST", "/api/v1/echo", `{"text":"x"}`, "X-Forwarded-For", "203.0.113.9", "X-Request-Id", "forged-id-1")
	if log := r.log.String(); strings.Contains(log, "203.0.113.9") || strings.Contains(log, "forged-id-1") {
		c.t.Errorf("the replica believes the client:\n%s", log)
	}
}

// The test of buffering can fail: where nginx compresses, it holds a stream back.
func TestBufferingIsNoticed(t *testing.T) {
	p := proxies[0]
	r := startReplica(t, tandem.REST|tandem.MCP)
	c := client{t, "http://" + p.start(t, []string{r.address}, func(config string) string {
		config = replace(t, config, "gzip off;", "gzip on;")
		return replace(t, config, "proxy_buffering off;", "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering; gzip_types text/event-stream; gzip_proxied any; gzip_min_length 1;")
	})}
	ctx, cancel := context.WithTimeout(t.Context(), 5*heartbeat)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", c.base+"/mcp/sse", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "localhost"
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		defer response.Body.Close()
		_, err = bufio.NewReader(response.Body).ReadString('\n')
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a buffered stream came at once, or ended: %v", err)
	}
}

// A replica that goes away, drained or not, costs no caller anything.
func TestProxiesPassOverAReplicaThatIsGone(t *testing.T) {
	for _, p := range proxies {
		t.Run(p.name, func(t *testing.T) {
			a, b := startReplica(t, tandem.REST|tandem.MCP), startReplica(t, tandem.REST|tandem.MCP)
			c := client{t, "http://" + p.start(t, []string{a.address, b.address}, unchanged)}
			both := func() bool { return a.calls.Load() > 0 && b.calls.Load() > 0 }
			for i := 0; i < 200 && !both(); i++ {
				c.call("POST", "/api/v1/echo", `{"text":"x"}`)
			}
			if !both() {
				t.Fatal("one of the replicas gets no calls")
			}
			a.stop()
			for i := range 60 {
				if status, answer := c.call("POST", "/api/v1/echo", `{"text":"x"}`); status != 200 {
					t.Fatalf("call %d after the end of a replica: %d %s", i, status, answer)
				}
			}
		})
	}
}

// REST and MCP can be deployments of their own behind one address.
func TestProxiesRouteTheDoorsApart(t *testing.T) {
	for _, p := range proxies {
		t.Run(p.name, func(t *testing.T) {
			rest, door := startReplica(t, tandem.REST), startReplica(t, tandem.MCP)
			c := client{t, "http://" + p.start(t, []string{rest.address}, func(config string) string { return p.apart(t, config, rest.address, door.address) })}
			if status, answer := c.call("POST", "/api/v1/echo", `{"text":"x"}`); status != 200 {
				t.Errorf("REST: %d %s", status, answer)
			}
			status, answer := c.call("POST", "/mcp", initialize)
			if status != 200 || !strings.Contains(answer, "protocolVersion") {
				t.Errorf("MCP: %d %s", status, answer)
			}
			_, lines := c.stream("GET", "/mcp/sse", "", "Accept", "text/event-stream")
			c.await(lines, "endpoint")
			for path, want := range map[string]int{"/health": 200, "/health/mcp": 200, "/docs/mcp": 200, "/docs": 200, "/openapi.json": 200} {
				if status, _ := c.call("GET", path, ""); status != want {
					t.Errorf("%s: %d", path, status)
				}
			}
		})
	}
}

// apart gives the part of the configuration that is about MCP other replicas.
func (p proxy) apart(t *testing.T, config, rest, door string) string {
	t.Helper()
	begin := map[string]string{"nginx": "upstream tandem_mcp", "haproxy": "\nbackend mcp", "caddy": "handle @mcp"}[p.name]
	end := map[string]string{"nginx": "}", "haproxy": "\x00", "caddy": "}"}[p.name]
	before, after, ok := strings.Cut(config, begin)
	if !ok {
		t.Fatalf("the configuration has no %q", begin)
	}
	part, rest2, _ := strings.Cut(after, end)
	return before + begin + replace(t, part, rest, door) + end[:len(strings.Trim(end, "\x00"))] + rest2
}
