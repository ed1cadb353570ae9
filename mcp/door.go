package mcp

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

// Door serves the operations of a service as MCP tools, over every transport and
// in every revision. Make one with [New]. It is safe for concurrent use.
type Door struct {
	svc *tandem.Service
	cfg Config

	current    atomic.Pointer[catalog]
	building   sync.Mutex // one catalog at a time
	serverInfo []byte     // Implementation
	serverMeta []byte     // "_meta":{…}

	sdk           *sdk.Server
	featuresOnce  sync.Once
	featuresFound features

	store         session.Store
	ownStore      bool
	running       running
	name          string // of this replica, unguessable
	news          inbox  // what has changed and is not told yet
	audience      audience
	stopNews      func()
	abandoned     abandoned
	stopListening func()

	replies  sync.Pool // of *reply, whose timers belong to the clock of the door
	gate     gate      // requests
	standing gate      // standing streams
	streams  streams

	life       context.Context // ends with the door
	endLife    context.CancelFunc
	background sync.WaitGroup
	draining   chan struct{} // closed when the drain begins
	drained    chan struct{} // closed when no call is in flight any more
	beginDrain func()
	endDrain   func()
}

// New returns a door to the service's operations, those that are registered
// later too. The error names what is wrong with the configuration. The door runs
// two goroutines, which Close ends.
func New(svc *tandem.Service, cfg Config) (*Door, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	d := &Door{
		svc:      svc,
		cfg:      cfg,
		store:    cfg.Sessions,
		streams:  streams{all: cfg.MaxStreams, perPrincipal: cfg.MaxStreamsPerPrincipal},
		draining: make(chan struct{}),
		drained:  make(chan struct{}),
	}
	if d.serverInfo, d.serverMeta, err = encodeServer(svc); err != nil {
		return nil, err
	}
	d.sdk = d.newSDKServer(svc)
	if _, err := d.buildCatalog(features{}); err != nil { // thrown away: the SDK's server is still to be filled
		return nil, err
	}
	if d.store == nil {
		d.store, d.ownStore = session.NewMemory(session.MemoryConfig{Limits: cfg.Limits}), true
	}
	d.beginDrain = sync.OnceFunc(func() { close(d.draining) })
	d.endDrain = sync.OnceFunc(func() { close(d.drained) })
	d.life, d.endLife = context.WithCancel(context.Background())
	d.name, d.news = rand.Text(), newInbox()
	d.stopListening = d.store.Listen(d.hear)
	d.stopNews = svc.OnChange(d.news.add)
	d.background.Add(2)
	go d.announce()
	go d.sweep()
	return d, nil
}

func (d *Door) logger() *slog.Logger {
	if d.svc.Logger != nil {
		return d.svc.Logger
	}
	return slog.Default()
}
