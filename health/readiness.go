package health

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/tandem-go/tandem"
)

// ReadinessConfig configures [NewReadiness].
type ReadinessConfig struct {
	// Timeout bounds each resource's check; zero means 2 s.
	Timeout time.Duration
	// TTL is how long a result serves further callers; zero means 1 s.
	TTL time.Duration
	// Draining reports whether the service is on its way down; nil means never.
	Draining func() bool
	// Protocol is the MCP door's self-check; nil where no MCP door is served.
	Protocol *Protocol
	// State checks what replicas share; nil where they share nothing. While it fails
	// the service is Degraded.
	State func(context.Context) error
	// Logger receives the causes of failures; nil means slog.Default().
	Logger *slog.Logger
}

// Readiness reports whether the service can do its work.
type Readiness struct {
	service *tandem.Service
	config  ReadinessConfig
	started time.Time
	result  *cached[map[string]Component]
	state   *component // nil where replicas share nothing

	mu         sync.Mutex
	components map[string]*component // by resource name
}

// doorComponent is the name under which the MCP door's self-check is reported.
const doorComponent = "mcp_door"

// Report is the answer of the readiness route.
type Report struct {
	Status        Status               `json:"status"`
	Service       string               `json:"service"`
	Version       string               `json:"version"`
	UptimeSeconds float64              `json:"uptime_seconds"`
	Components    map[string]Component `json:"components"`
	Pools         map[string]Pool      `json:"pools"`
}

// Pool are the figures of one resource's connection pool.
type Pool struct {
	Max         int     `json:"max"` // 0 means no limit
	Open        int     `json:"open"`
	InUse       int     `json:"in_use"`
	Idle        int     `json:"idle"`
	Waits       int64   `json:"waits"`
	WaitSeconds float64 `json:"wait_seconds"`
}

// NewReadiness returns the readiness of the service's managed resources.
func NewReadiness(svc *tandem.Service, c ReadinessConfig) *Readiness {
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Second
	}
	if c.TTL == 0 {
		c.TTL = defaultTTL
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	h := &Readiness{
		service:    svc,
		config:     c,
		started:    time.Now(),
		result:     newCached[map[string]Component](c.TTL),
		components: map[string]*component{},
	}
	if c.State != nil {
		h.state = newComponent(stateComponent, c.State)
	}
	return h
}

// ServeHTTP answers 200 when the service is ready, Degraded included, else 503, with
// a [Report].
func (h *Readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mount := ""
	if p := h.config.Protocol; p != nil {
		mount = mountOf(r, p.config.Base)
	}
	report := h.check(r.Context(), mount)
	answer(w, report.Status, report)
}

// Check reports the present state, which may be up to TTL old.
func (h *Readiness) Check(ctx context.Context) Report { return h.check(ctx, "") }

func (h *Readiness) check(ctx context.Context, mount string) Report {
	components := h.result.get(ctx, func(ctx context.Context) map[string]Component {
		return h.checkAll(ctx, mount)
	})
	report := Report{
		Status:        h.verdict(components),
		Service:       h.service.Name(),
		Version:       h.service.Version(),
		UptimeSeconds: time.Since(h.started).Seconds(),
		Components:    components,
		Pools:         h.pools(),
	}
	if h.config.Draining != nil && h.config.Draining() {
		report.Status = Draining
	}
	return report
}

// checkAll runs every check at the same time.
func (h *Readiness) checkAll(ctx context.Context, mount string) map[string]Component {
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		results = map[string]Component{}
	)
	report := func(name string, c Component) {
		mu.Lock()
		defer mu.Unlock()
		results[name] = c
	}
	for _, r := range h.service.Managed() {
		c := h.component(r)
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, h.config.Timeout)
			defer cancel()
			report(r.Name, c.check(ctx))
		})
	}
	wg.Go(func() { h.doorComponents(ctx, mount, report) })
	wg.Wait()
	h.log(ctx, results)
	return results
}

// component returns the resource's component, which outlives one check.
func (h *Readiness) component(r *tandem.Managed) *component {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.components[r.Name]
	if !ok {
		c = newComponent(r.Name, r.Ping)
		h.components[r.Name] = c
	}
	return c
}

func (h *Readiness) log(ctx context.Context, results map[string]Component) {
	for name, c := range results {
		if c.cause != nil {
			h.config.Logger.WarnContext(ctx, "health check failed", "component", name, "cause", withCause(c.cause))
		}
	}
}

func (h *Readiness) pools() map[string]Pool {
	pools := map[string]Pool{}
	for _, r := range h.service.Managed() {
		if r.PoolStats == nil {
			continue
		}
		s := r.PoolStats()
		pools[r.Name] = Pool{
			Max: s.Max, Open: s.Open, InUse: s.InUse, Idle: s.Idle,
			Waits: s.WaitCount, WaitSeconds: s.WaitDuration.Seconds(),
		}
	}
	return pools
}
