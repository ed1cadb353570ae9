package deploytest

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/mcp"
	"github.com/tandem-go/tandem/server"
)

// heartbeat is short, so that a stream can be seen to live through several.
const heartbeat = 300 * time.Millisecond

// replica is one running service.
type replica struct {
	address string
	log     output
	calls   atomic.Int64  // that its operations served
	release chan struct{} // lets the operation "slow" end
	stop    func()        // drains it; may be called twice
}

type (
	text struct {
		Text string `json:"text"`
	}
	size struct {
		Size int `json:"size"`
	}
	none struct{}
)

// startReplica serves until the test ends.
func startReplica(t *testing.T, doors tandem.Doors) *replica {
	t.Helper()
	r := &replica{release: make(chan struct{})}
	svc := tandem.New("deployed", "1")
	tandem.Register(svc, tandem.Operation{Name: "echo"}, func(_ context.Context, in text) (text, error) {
		r.calls.Add(1)
		return in, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "big", Method: "GET"}, func(_ context.Context, in size) (text, error) {
		return text{strings.Repeat("0123456789abcdef", in.Size/16)}, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "slow"}, func(ctx context.Context, _ none) (text, error) {
		tandem.Progress(ctx, 1, 2, "under way")
		select {
		case <-r.release:
			return text{"done"}, nil
		case <-ctx.Done():
			return text{}, ctx.Err()
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = listener.Addr().String()
	s, err := server.New(svc, server.Config{
		Listener:       listener,
		PublicURL:      "http://localhost",
		Doors:          doors,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		MCP:            mcp.Config{Heartbeat: heartbeat},
		DrainDelay:     10 * time.Millisecond,
		Logger:         slog.New(slog.NewTextHandler(io.MultiWriter(&r.log), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var stopped atomic.Bool
	r.stop = func() {
		if stopped.Swap(true) {
			return
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the replica ended: %v", err)
		}
	}
	t.Cleanup(r.stop)
	return r
}
