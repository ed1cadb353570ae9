package pgtest

import (
	"bytes"
	"context"
	"net"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Proxy stands between a client and the server, and does what networks and dying
// machines do to connections.
type Proxy struct {
	server   string // its address
	url      func(database string) string
	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex
	conns   map[*proxied]bool
	frozen  chan struct{} // closed while nothing is held up
	refuse  bool
	swallow []byte // the text in a request whose reply is lost
	lost    int
}

// Proxy starts a proxy, which ends with tb.
func (s *Server) Proxy(tb testing.TB) *Proxy {
	tb.Helper()
	var config net.ListenConfig
	l, err := config.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("start a proxy: %v", err)
	}
	flowing := make(chan struct{})
	close(flowing)
	p := &Proxy{
		server: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), url: s.URL,
		listener: l, conns: map[*proxied]bool{}, frozen: flowing,
	}
	p.running.Go(p.accept)
	tb.Cleanup(func() {
		_ = l.Close() // nobody connects any more
		p.Thaw()
		p.Cut()
		p.running.Wait()
	})
	return p
}

// URL is [Server.URL] by way of the proxy, or with a URL of [Server.Database] that
// of its database. The text of each statement goes through the proxy, so that
// [Proxy.Swallow] can see it.
func (p *Proxy) URL(databaseURL string) string {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Host == "" {
		u, _ = url.Parse(p.url(databaseURL))
	}
	u.Host = p.listener.Addr().String()
	q := u.Query()
	q.Set("default_query_exec_mode", "exec")
	u.RawQuery = q.Encode()
	return u.String()
}

// Cut breaks all connections, as the death of the client's process would: the
// server sees them end.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.close()
	}
}

// Refuse lets no new connection through, or ends that.
func (p *Proxy) Refuse(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

// Freeze holds everything up, on connections that stay open, until Thaw.
func (p *Proxy) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = make(chan struct{})
}

// Thaw ends Freeze: what was held up goes on its way.
func (p *Proxy) Thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.frozen:
	default:
		close(p.frozen)
	}
}

// Swallow breaks the connection of the next request that has the text, once the
// server has replied and before the client knows.
func (p *Proxy) Swallow(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swallow = []byte(text)
}

// Swallowed returns how many replies were lost to Swallow.
func (p *Proxy) Swallowed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // the listener was closed
		}
		p.running.Go(func() { p.connect(client) })
	}
}

// proxied is a connection through the proxy.
type proxied struct {
	client, server net.Conn
	doomed         bool // its next reply is lost; guarded by the proxy's mutex
}

func (c *proxied) close() {
	_ = c.client.Close() // a broken connection is what is wanted
	_ = c.server.Close()
}

func (p *Proxy) connect(client net.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var dialer net.Dialer
	server, err := dialer.DialContext(ctx, "tcp", p.server)
	if err != nil {
		_ = client.Close() // the server is down, and the client sees it
		return
	}
	c := &proxied{client: client, server: server}
	if !p.add(c) {
		c.close()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.copy(c, c.client, c.server, p.request) })
	both.Go(func() { p.copy(c, c.server, c.client, p.reply) })
	both.Wait()
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
}

func (p *Proxy) add(c *proxied) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse {
		return false
	}
	p.conns[c] = true
	return true
}

// copy passes on what pass lets through, and ends the connection otherwise.
func (p *Proxy) copy(c *proxied, from, to net.Conn, pass func(*proxied, []byte) bool) {
	defer c.close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		flowing := p.frozen
		p.mu.Unlock()
		<-flowing
		if n > 0 && !pass(c, buf[:n]) {
			return
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) request(c *proxied, b []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.swallow != nil && bytes.Contains(b, p.swallow) {
		p.swallow, c.doomed = nil, true
	}
	return true
}

func (p *Proxy) reply(c *proxied, _ []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.doomed {
		p.lost++
	}
	return !c.doomed
}
