package redistest

import (
	"bytes"
	"net"
	"sync"
	"testing"
)

// Proxy stands between a client and a server, and breaks what is between them.
type Proxy struct {
	target   string
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	gate   *sync.Cond
	links  map[*link]bool
	frozen bool
	closed bool
	lose   []byte // the request whose reply gets lost; nil for none
}

// link is a connection of a client and that to the server.
type link struct{ client, server net.Conn }

func (l *link) close() {
	_ = l.client.Close() // both are given up
	_ = l.server.Close()
}

// StartProxy starts a proxy to the address and stops it when tb ends.
func StartProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	var config net.ListenConfig
	l, err := config.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{target: target, listener: l, links: map[*link]bool{}}
	p.gate = sync.NewCond(&p.mu)
	p.running.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// Addr is where clients find the proxy.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// LoseReply has the next request that holds the text carried out, but its reply is
// lost with the connection.
func (p *Proxy) LoseReply(request string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose = []byte(request)
}

// Cut breaks all connections. New ones can be made.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.close()
	}
}

// Freeze holds back everything, as if the client's process were halted: its
// connections stay.
func (p *Proxy) Freeze() { p.setFrozen(true) }

// Thaw ends a Freeze. What was held back goes on.
func (p *Proxy) Thaw() { p.setFrozen(false) }

func (p *Proxy) setFrozen(frozen bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = frozen
	p.gate.Broadcast()
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.gate.Broadcast()
	p.mu.Unlock()
	_ = p.listener.Close() // nobody connects any more
	p.Cut()
	p.running.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close() // as if it had been refused
			continue
		}
		p.start(&link{client, server})
	}
}

func (p *Proxy) start(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		l.close()
		return
	}
	p.links[l] = true
	lost := make(chan struct{})
	p.running.Go(func() { p.carry(l, l.client, l.server, p.losing(lost)) })
	p.running.Go(func() { p.carry(l, l.server, l.client, lossOf(lost)) })
}

// carry moves what comes until one side ends. It asks filter whether a piece
// may pass.
func (p *Proxy) carry(l *link, from, to net.Conn, filter func([]byte) bool) {
	defer p.end(l)
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil || !p.pass() || !filter(buf[:n]) {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// losing looks for the request whose reply gets lost.
func (p *Proxy) losing(lost chan struct{}) func([]byte) bool {
	return func(piece []byte) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.lose != nil && bytes.Contains(piece, p.lose) {
			p.lose = nil
			close(lost)
		}
		return true
	}
}

// lossOf lets nothing pass any more after the request.
func lossOf(lost chan struct{}) func([]byte) bool {
	return func([]byte) bool {
		select {
		case <-lost:
			return false
		default:
			return true
		}
	}
}

// pass waits while everything is frozen, and reports whether to go on.
func (p *Proxy) pass() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.frozen && !p.closed {
		p.gate.Wait()
	}
	return !p.closed
}

func (p *Proxy) end(l *link) {
	l.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}
